// SPDX-License-Identifier: Apache-2.0
#include "engine/item_flush.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

constinit item_flushes the_item_flushes;

bool is_run_by(const item_flush_ticket& ticket, const worker& runner, std::uint64_t number) noexcept {
    return ticket.runner == &runner && ticket.number == number;
}

}  // namespace

item_flushes& item_flushes::instance() noexcept {
    return the_item_flushes;
}

void item_flushes::add(item_flush_ticket& ticket) noexcept {
    locked hold{lock_};
    ticket.next = tickets_;
    tickets_ = &ticket;
}

void item_flushes::instance_starts(const worker& me, const work_base& item) noexcept {
    locked hold{lock_};
    for (item_flush_ticket* ticket = tickets_; ticket != nullptr; ticket = ticket->next) {
        if (ticket->item != &item || ticket->runner != nullptr) continue;
        ticket->runner = &me;
        ticket->number = me.item_number.load(memory_order_relaxed);
    }
}

template <class Matches>
void item_flushes::complete_where(Matches matches) noexcept {
    locked hold{lock_};
    for (item_flush_ticket** link = &tickets_; *link != nullptr;) {
        item_flush_ticket* ticket = *link;
        if (!matches(*ticket)) {
            link = &ticket->next;
            continue;
        }
        *link = ticket->next;
        ticket->done.unpark();  // the ticket is on its owner's stack: not to be touched after this
    }
}

void item_flushes::instance_done(const worker& runner, std::uint64_t number) noexcept {
    complete_where([&](const item_flush_ticket& ticket) { return is_run_by(ticket, runner, number); });
}

void item_flushes::instance_cancelled(const work_base& item) noexcept {
    complete_where([&](item_flush_ticket& ticket) {
        ticket.cancelled = ticket.item == &item && ticket.runner == nullptr;
        return ticket.cancelled;
    });
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
