// SPDX-License-Identifier: Apache-2.0
//
// The tables "state and operation": an item is brought into a state, the operation is done, and what it answered and
// what became of the item is compared with a row of the table.
#pragma once

#include "row.hpp"

#include <ostream>
#include <utility>
#include <vector>

namespace rows {

enum class state {
    idle,
    armed,    // its time is far away
    pending,  // in a queue that has no room for it yet
    running,
    running_and_pending,
    running_and_armed,
    running_and_disabled,
    disabled,
};

inline constexpr auto far_away = 1h;

/// An ordered queue and an item in that state. Nothing on the queue starts before it is let go.
template <class Item>
class stage {
public:
    explicit stage(state wanted) : is{wanted} {
        if (wanted >= state::running && wanted <= state::running_and_disabled) {
            make_it_run(*wq, it);
        } else {
            make_it_run(*wq, blocker_);
        }
        bring();
    }
    ~stage() { let_go(); }

    void let_go() {
        blocker_.let_go.open();
        it.let_go.open();
    }

private:
    cmwq::runtime own_;
    item blocker_;

public:
    const state is;
    Item it;
    cmwq::owned_queue wq = own_.make_queue(cmwq::ordered{.name = "one at a time"});

private:
    void bring() {
        switch (is) {
        case state::pending:
        case state::running_and_pending: EXPECT_TRUE(wq->enqueue(it)); break;
        case state::disabled:
        case state::running_and_disabled: EXPECT_FALSE(it.disable()); break;
        case state::armed:
        case state::running_and_armed:
            if constexpr (std::is_same_v<Item, delayed_item>) {
                EXPECT_TRUE(wq->enqueue_delayed(it, far_away));
            }
            break;
        default: break;
        }
    }
};

/// What became of it.
struct outcome {
    bool answer;
    int runs;            ///< all of them, when everything was let go
    bool armed = false;  ///< its timer still is then

    friend bool operator==(const outcome&, const outcome&) = default;
    friend std::ostream& operator<<(std::ostream& to, const outcome& what) {
        return to << (what.answer ? "true, " : "false, ") << what.runs << " runs" << (what.armed ? ", armed" : "");
    }
};

/// A row of the table.
using cells = std::vector<std::pair<state, outcome>>;

template <class Item, class Operation>
outcome outcome_of(state s, Operation operation) {
    stage<Item> on{s};
    const bool answer = operation(on);
    on.let_go();
    on.wq->flush();
    return {answer, on.it.runs, on.it.pending()};
}

/// For an operation that waits for nothing.
template <class Item, class Operation>
void expect_row(const cells& row, Operation operation) {
    for (const auto& [s, expected] : row) {
        EXPECT_EQ(outcome_of<Item>(s, operation), expected) << "in state " << static_cast<int>(s);
    }
}

/// For an operation that may wait: once it does, everything is let go.
template <class Item, class Operation>
void expect_row_of_waiting(const cells& row, Operation operation) {
    expect_row<Item>(row, [&](stage<Item>& on) {
        const when_maker_waits other{[&on] { on.let_go(); }};
        return operation(on);
    });
}

}  // namespace rows
