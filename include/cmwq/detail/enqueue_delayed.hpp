// SPDX-License-Identifier: Apache-2.0
//
// queue::enqueue_delayed and queue::mod_delayed, behind their signatures: two ways more through enqueue.hpp.
#pragma once

#include <cmwq/delayed_work.hpp>
#include <cmwq/detail/enqueue.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace detail {

template <class T, std::uint64_t Id>
consteval bool check_timer() {
    constexpr bool has_timer = std::is_base_of_v<delayed_work<T, Id>, typename has_work<T, Id>::work_type>;
    static_assert(has_timer, "cmwq: this work has no timer: declare it as cmwq::delayed_work<T, Id>");
    return has_timer;
}

constexpr due_time due(delay wait, int cpu) noexcept {
    return {wait.nanoseconds(), wait.absolute(), cpu};
}

/// The way in of queue::enqueue_delayed.
struct later {
    static constexpr bool modifies = false;
    template <class T, std::uint64_t Id>
    static consteval bool check() {
        return check_timer<T, Id>();
    }
    refusal submit(queue& wq, work_base& work, call_site where) const noexcept {
        return submit(wq, work, prepare_step{}, where);
    }
    refusal submit(queue& wq, work_base& work, prepare_step prepare, call_site where) const noexcept {
        return submit_delayed(wq, work, due(wait, cpu), prepare, where.file, where.function, where.line);
    }

    delay wait;
    int cpu;
};

/// The way in of queue::mod_delayed.
struct at_new_time {
    static constexpr bool modifies = true;
    template <class T, std::uint64_t Id>
    static consteval bool check() {
        return check_timer<T, Id>();
    }
    modified modify(queue& wq, work_base& work, prepare_step prepare, call_site where) const noexcept {
        return modify_delayed(wq, work, due(wait, cpu), prepare, where.file, where.function, where.line);
    }

    /// The owner stays here, and keeps the item alive, until it is known whether the item needs it: only then, and
    /// before anybody can run the item, does it go there.
    template <class T, std::uint64_t Id, class P>
    mod_result<P> modify_owner(queue& wq, P owner, call_site where) const noexcept {
        if (std::to_address(owner) == nullptr) [[unlikely]] {
            report_misuse(misuse_code::null_item, nullptr, &wq, where);
            return {refusal::no_item, false, P{}};
        }
        auto& work = *has_work<T, Id>::to_work(std::to_address(owner));
        handing_over<T, Id, std::remove_reference_t<decltype(work)>, P> hand_over{work, owner};
        const modified done = modify(wq, work, prepare_step{&hand_over.step, &hand_over}, where);
        return {done.why, done.was_pending, std::move(owner)};
    }

    delay wait;
    int cpu;

private:
    template <class T, std::uint64_t Id, class Work, class P>
    struct handing_over {
        static void step(void* context) noexcept {
            auto* self = static_cast<handing_over*>(context);
            if constexpr (keeps_owner<Work, P>) {
                access::keep(self->work, std::move(self->owner));
            } else {
                (void)work_pointer_traits<P>::into_raw(std::move(self->owner));
            }
        }

        Work& work;
        P& owner;
    };
};

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
