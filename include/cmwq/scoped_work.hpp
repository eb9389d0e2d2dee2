// SPDX-License-Identifier: Apache-2.0
//
// The item that most classes want: something that is done now and then, on a queue, again and again. It embeds its
// function, coalesces (enqueued three times before it has run, it runs once), and its destructor cancels what is
// pending and waits for what runs, so that the function never sees a dead object.
//
//     class cache {
//         void flush();
//         std::map<key, value> entries_;
//         cmwq::scoped_work<> flush_{cmwq::system(), "cache::flush", [this] { flush(); }};   // last: destroyed first
//     public:
//         void put(key k, value v) { …; flush_.enqueue(); }
//     };
//
// Or by the method alone, without a lambda, in 48 bytes:
//
//     cmwq::bound_work<&cache::flush> flush_{cmwq::system(), this};
//
// Or as a local variable, with any function:
//
//     cmwq::scoped_work refresh{q, [&] { … }};
//
// Declare it behind what its function uses, so that it is destroyed first; not in a base class whose derived part it
// uses; and let it not outlive its queue.
#pragma once

#include <cmwq/call_site.hpp>
#include <cmwq/fwd.hpp>
#include <cmwq/raw_work.hpp>
#include <cmwq/this_worker.hpp>
#include <cmwq/work_base.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace detail {

/// Room for a function inside a scoped_work<>: three pointers' worth of captures.
struct inplace_function {
    static constexpr std::size_t size = 24;
    alignas(void*) std::byte bytes[size];
};

/// What all items with their own function have: the item, its queue, and the end of both.
class self_contained {
public:
    self_contained(const self_contained&) = delete;
    self_contained& operator=(const self_contained&) = delete;

    /// Enqueues it to its queue. False: it is pending already, and the coming run sees what was stored before this
    /// call; or the queue refuses. While it runs it may be enqueued; it then runs again afterwards. Context: any
    /// thread, its own function included; never allocates, and blocks only on a queue whose bound
    /// says so (pending_bound).
    bool enqueue(call_site where = call_site::current()) noexcept {
        return raw_enqueue(*queue_, item_, where) == refusal::none;
    }

    /// Takes it off its queue. True: it was pending and will not run. A running function is not disturbed.
    bool cancel() noexcept { return raw_cancel(item_); }

    /// As cancel, and waits until its function does not run any more. Context: may block; from its own function it is
    /// misuse (misuse_code::cancel_sync_from_own_item).
    bool cancel_sync(call_site where = call_site::current()) noexcept { return raw_cancel_sync(item_, where); }

    /// As cancel, and refuses enqueues until it was enabled as often.
    bool disable(call_site where = call_site::current()) noexcept { return raw_disable(item_, where); }

    /// As disable, and waits until its function does not run any more. Context: may block.
    bool disable_sync(call_site where = call_site::current()) noexcept { return raw_disable_sync(item_, where); }

    /// Takes one disable back. True: it may be enqueued again.
    bool enable(call_site where = call_site::current()) noexcept { return raw_enable(item_, where); }

    /// Waits until it is neither pending nor running, newer enqueues apart. True: there was something to wait for.
    /// Context: may block; from its own function it is misuse (misuse_code::flush_from_own_item).
    bool flush(call_site where = call_site::current()) noexcept { return raw_flush(item_, where); }

    /// Does it wait in its queue? Does it wait or run? Hints: the answer may be old when it arrives.
    bool pending() const noexcept { return item_.pending(); }
    bool busy() const noexcept { return item_.busy(); }

protected:
    self_contained(queue& wq, const work_class& kind) noexcept : item_{kind}, queue_{&wq} {}
    ~self_contained() = default;

    static self_contained* around(work_base* item) noexcept {
        return reinterpret_cast<self_contained*>(item);  // the first member of a class of standard layout
    }

    /// The end: cancels, refuses from here on, and waits unless it is the function itself that ends its object.
    void end() noexcept {
        if (this_worker::current() == &item_) {
            (void)raw_disable(item_);
        } else {
            (void)raw_disable_sync(item_);
        }
    }

private:
    work_base item_;
    queue* queue_;
};
static_assert(std::is_standard_layout_v<self_contained> && sizeof(self_contained) == 40);

inline void drop_nothing(work_base*) noexcept {}

/// The class of the items with this function: each lambda is a kind of its own, with its own name.
template <class Glue>
inline constinit work_class self_contained_class{&Glue::run, &drop_nothing, Glue::default_name};

inline void give_name(const work_class& kind, name_literal name) noexcept {
    const char* none = nullptr;
    kind.name.compare_exchange_strong(none, name.text, std::memory_order_relaxed);
}

}  // namespace detail

/// An item with its own function, for local variables: the type of the function is deduced. It is called as often as an
/// enqueue was accepted, never twice at once.
///
/// Destruction cancels, and waits for the function if it runs. From inside the function it does not wait; what the
/// function has captured is gone after it. Context of the destructor: may block.
template <class F = detail::inplace_function>
class scoped_work : public detail::self_contained {
    static_assert(std::is_invocable_v<F&>, "cmwq: a scoped_work takes a function that can be called without arguments");

public:
    /// An idle item for `wq`, which must outlive it.
    scoped_work(queue& wq, F function) noexcept(std::is_nothrow_move_constructible_v<F>)
        : self_contained{wq, detail::self_contained_class<glue>}, function_{std::move(function)} {}

    /// With a name for reports and tools, shared by all items made by this place in the program.
    scoped_work(queue& wq, name_literal name, F function) noexcept(std::is_nothrow_move_constructible_v<F>)
        : scoped_work{wq, std::move(function)} {
        detail::give_name(detail::self_contained_class<glue>, name);
    }

    ~scoped_work() { end(); }

private:
    struct glue {
        static constexpr const char* default_name = "scoped_work";
        static void run(work_base* item) { static_cast<void>(static_cast<scoped_work*>(around(item))->function_()); }
    };

    F function_;
};

template <class F>
scoped_work(queue&, F) -> scoped_work<F>;
template <class F>
scoped_work(queue&, name_literal, F) -> scoped_work<F>;

/// The same for members of classes, where the type of a lambda cannot be spelled: 64 bytes, of which 24 are for what
/// the function captures. It must be trivially copyable (pointers, references, numbers); a class's member usually
/// captures `this` and nothing else. Destroyed from inside its function, what it has captured stays usable until it
/// returns.
template <>
class scoped_work<detail::inplace_function> : public detail::self_contained {
public:
    /// An idle item for `wq`, which must outlive it.
    template <class F>
    scoped_work(queue& wq, F function) noexcept : self_contained{wq, detail::self_contained_class<glue<F>>} {
        static_assert(std::is_invocable_v<F&>,
                      "cmwq: a scoped_work takes a function that can be called without arguments");
        static_assert(sizeof(F) <= detail::inplace_function::size && alignof(F) <= alignof(void*) &&
                          std::is_trivially_copyable_v<F>,
                      "cmwq: the function of a scoped_work<> captures at most 24 bytes that can be copied bit by bit: "
                      "capture `this`, use cmwq::bound_work<&T::method>, or scoped_work<F> with the function's type");
        ::new (static_cast<void*>(function_.bytes)) F(std::move(function));
    }

    /// With a name for reports and tools, shared by all items made by this place in the program.
    template <class F>
    scoped_work(queue& wq, name_literal name, F function) noexcept : scoped_work{wq, std::move(function)} {
        detail::give_name(detail::self_contained_class<glue<F>>, name);
    }

    ~scoped_work() { end(); }

private:
    template <class F>
    struct glue {
        static constexpr const char* default_name = "scoped_work";
        // On a copy: the function may end the object that it lies in.
        static void run(work_base* item) {
            F copy = *std::launder(reinterpret_cast<F*>(static_cast<scoped_work*>(around(item))->function_.bytes));
            static_cast<void>(copy());
        }
    };

    detail::inplace_function function_;
};
static_assert(sizeof(scoped_work<>) == 64);

namespace detail {

/// The class that a method belongs to; of anything else void.
template <class T, class Method>
std::type_identity<T> class_of_method(Method T::*);
std::type_identity<void> class_of_method(...);

}  // namespace detail

/// An item whose function is a method: 48 bytes. The method may be private; it is declared before the member.
///
///     cmwq::bound_work<&cache::flush> flush_{q, this};
///
/// Destruction as with scoped_work.
///
/// `Type` is left to its default. It is for GCC 12: what knows of a class in an anonymous namespace by `Method` alone
/// is one and the same in all sources that have a class and a method of these names.
template <auto Method, class Type = decltype(Method)>
class bound_work : public detail::self_contained {
    // Not by a partial specialisation for the type of the method: that needs one for each const and noexcept.
    using object_type = typename decltype(detail::class_of_method(Method))::type;
    static_assert(std::is_member_function_pointer_v<Type>,
                  "cmwq: a bound_work takes a method that is not static, as &T::method");

public:
    /// An idle item for `wq`, which must outlive it, as must `object`.
    bound_work(queue& wq, object_type* object) noexcept
        : self_contained{wq, detail::self_contained_class<glue>}, object_{object} {}

    /// With a name for reports and tools, shared by all items with this method.
    bound_work(queue& wq, name_literal name, object_type* object) noexcept : bound_work{wq, object} {
        detail::give_name(detail::self_contained_class<glue>, name);
    }

    ~bound_work() { end(); }

private:
    struct glue {
        static constexpr const char* default_name = "bound_work";
        static void run(work_base* item) {
            static_cast<void>((static_cast<bound_work*>(around(item))->object_->*Method)());
        }
    };

    object_type* object_;
};

}  // namespace v1
}  // namespace cmwq
