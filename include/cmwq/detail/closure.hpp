// SPDX-License-Identifier: Apache-2.0
//
// queue::try_spawn, behind its signature: the item that is made around a function.
//
// The function is moved into its block between the claim of the item and its publication. Earlier would be too early,
// because a refused function must still be the caller's, and later would be too late, because the item may run. The
// block goes to the worker with the item; whoever runs or drops the item ends the function and gives the block back.
#pragma once

#include <cmwq/call_site.hpp>
#include <cmwq/detail/access.hpp>
#include <cmwq/detail/engine.hpp>
#include <cmwq/fwd.hpp>
#include <cmwq/spawn.hpp>
#include <cmwq/work_base.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace detail {

template <class F>
inline constexpr bool spawns_nothrow =
    std::is_nothrow_constructible_v<std::decay_t<F>, F>&& std::is_nothrow_move_constructible_v<std::decay_t<F>>;

// Code that is built with and without exceptions may meet in one program: functions that differ between the two have
// different names.
#if defined(__cpp_exceptions)
inline namespace with_exceptions {

template <class Action>
std::exception_ptr caught(Action&& action) noexcept {
    try {
        action();
        return nullptr;
    } catch (...) {
        return std::current_exception();
    }
}

inline void rethrow(const std::exception_ptr& error) {
    if (error != nullptr) {
        std::rethrow_exception(error);
    }
}

}  // namespace with_exceptions
#else
inline namespace without_exceptions {

template <class Action>
std::exception_ptr caught(Action&& action) noexcept {
    action();
    return nullptr;
}

inline void rethrow(const std::exception_ptr&) {}

}  // namespace without_exceptions
#endif

// ---- where the block comes from ----

struct engine_memory {
    template <class Block>
    Block* allocate() noexcept {
        return static_cast<Block*>(allocate_block(sizeof(Block), alignof(Block)));
    }
    template <class Block>
    void release(Block* block) noexcept {
        release_block(block, sizeof(Block), alignof(Block));
    }
};

template <class Allocator>
struct allocator_memory {
    template <class Block>
    using rebound = typename std::allocator_traits<Allocator>::template rebind_alloc<Block>;
    template <class Block>
    using traits = std::allocator_traits<rebound<Block>>;

    template <class Block>
    Block* allocate() noexcept {
        Block* block = nullptr;
        (void)caught([&] {
            rebound<Block> bound{allocator};
            block = std::to_address(traits<Block>::allocate(bound, 1));
        });
        return block;
    }
    template <class Block>
    void release(Block* block) noexcept {
        rebound<Block> bound{allocator};
        using pointer = typename traits<Block>::pointer;
        traits<Block>::deallocate(bound, std::pointer_traits<pointer>::pointer_to(*block), 1);
    }

    Allocator allocator;
};

// ---- the item ----

struct always_filled {
    constexpr always_filled& operator=(bool) noexcept { return *this; }
    constexpr explicit operator bool() const noexcept { return true; }
};

/// One spawned function with the item that runs it, in one block. The function comes into it only once the item is
/// claimed: before that it is the caller's, after that the queue's.
template <class F, class Memory>
class closure : public work_base {
public:
    explicit closure(const Memory& memory) noexcept : work_base{kind}, memory_{memory} {}
    ~closure() {}

    /// If F's constructor throws, the item is published empty, because a claim cannot be taken back; it runs as
    /// nothing.
    void fill(F& from, std::exception_ptr& error) noexcept {
        if constexpr (std::is_nothrow_move_constructible_v<F>) {
            ::new (static_cast<void*>(std::addressof(function_))) F(std::move(from));
        } else {
            error = caught([&] { ::new (static_cast<void*>(std::addressof(function_))) F(std::move(from)); });
            filled_ = error == nullptr;
        }
    }

    /// Lets the block go, with the function if it is there.
    void discard() noexcept {
        Memory memory = std::move(memory_);
        this->~closure();
        memory.release(this);
    }

private:
    // Ends the function and the block also when the function is left by an exception.
    struct finish {
        ~finish() {
            if (self->filled_) {
                self->function_.~F();
            }
            self->discard();
        }
        closure* self;
    };

    static void run(work_base* item) {
        const finish at_end{static_cast<closure*>(item)};
        if (at_end.self->filled_) {
            static_cast<void>(std::move(at_end.self->function_)());
        }
    }
    static void drop(work_base* item) noexcept { const finish at_once{static_cast<closure*>(item)}; }

    static constinit inline work_class kind{&run, &drop, "queue::try_spawn"};

    [[no_unique_address]] Memory memory_;
    [[no_unique_address]] std::conditional_t<std::is_nothrow_move_constructible_v<F>, always_filled, bool> filled_{};
    union {
        F function_;
    };
};

// What the prepare step needs besides the block: it lives on the enqueuing thread's stack.
template <class F, class Memory>
struct filling {
    static void step(void* context) noexcept {
        auto* self = static_cast<filling*>(context);
        self->block->fill(self->from, self->error);
    }

    closure<F, Memory>* block;
    F& from;
    std::exception_ptr error{};
};

template <class Memory, class F>
spawn_result spawn_moved(queue& wq, Memory memory, F& function, call_site where) {
    using block_type = closure<F, Memory>;
    void* place = memory.template allocate<block_type>();
    if (place == nullptr) [[unlikely]] {
        return access::make<spawn_result>(refusal::no_memory);
    }
    filling<F, Memory> job{::new (place) block_type{memory}, function};
    const refusal why =
        submit_prepared(wq, *job.block, prepare_step{&job.step, &job}, where.file, where.function, where.line);
    if (why != refusal::none) [[unlikely]] {
        job.block->discard();
    } else if constexpr (!std::is_nothrow_move_constructible_v<F>) {
        rethrow(job.error);
    }
    return access::make<spawn_result>(why);
}

template <class Memory, class F>
spawn_result spawn(queue& wq, const Memory& memory, F&& f, call_site where) {
    using function = std::decay_t<F>;
    constexpr bool callable = std::is_invocable_v<function>;
    static_assert(callable, "cmwq: try_spawn takes a function that can be called without arguments");
    if constexpr (!callable) {
        return access::make<spawn_result>(refusal::no_item);
    } else if constexpr (std::is_same_v<F, function>) {
        return spawn_moved(wq, memory, f, where);
    } else {
        function copy(std::forward<F>(f));
        return spawn_moved(wq, memory, copy, where);
    }
}

}  // namespace detail
}  // namespace v1
}  // namespace cmwq
