// SPDX-License-Identifier: Apache-2.0
#include "batch.hpp"

#include "error_text.hpp"
#include "line_format.hpp"
#include "pipeline.hpp"

namespace cmwq_sum {
namespace {

// Long enough that enqueuing and waking count for nothing beside opening and reading the files, short enough that the
// last batches of a run end together. On the tree of benchmarks/cmwq_sum_vs_xargs.sh (24,000 files, 2 CPUs) a run takes
// 0.71 s of CPU time with 1, 0.58 with 8, and 0.56 with 16, 32, 64 or 128.
constexpr std::size_t files_per_batch = 32;

// From here on a file is worth an item of its own: about 0.3 ms of hashing. Between 128 KiB and 1 MiB it makes no
// difference that could be measured.
constexpr std::uint64_t large = 512 * 1024;

// An entry and its share of the batch, beside its path.
constexpr std::size_t weight_of_entry = 256;

}  // namespace

// ---- filling
// ---------------------------------------------------------------------------------------------------------

bool batch::full() const noexcept {
    return entries_.size() >= files_per_batch;
}

batch::entry& batch::add(std::string_view directory, std::string_view name, status state) {
    const auto begin = paths_.size();
    paths_.append(directory).append(name).push_back('\0');
    weight_ += paths_.size() - begin + weight_of_entry;
    return entries_.emplace_back(entry{begin, state, name_origin::in_tree, {}, {}});
}

void batch::add_file(std::string_view directory, std::string_view name, name_origin origin) {
    add(directory, name, status::to_hash).origin = origin;
}

void batch::add_message(std::string_view directory, std::string_view name, status state, std::string text) {
    weight_ += text.size();
    add(directory, name, state).text = std::move(text);
}

void batch::add_failure(std::string_view directory, std::string_view name, std::string why) {
    add_message(directory, name, status::failure, std::move(why));
}

void batch::add_note(std::string_view directory, std::string_view name, std::string what) {
    add_message(directory, name, status::note, std::move(what));
}

// ---- hashing
// ---------------------------------------------------------------------------------------------------------

void batch::run(cmwq::work_id<hash_work>, cmwq::arc<batch> self) {
    const item_scope scope{self->line_};
    self->line_.hashing_started();
    for (std::size_t i = 0; i < self->entries_.size(); ++i) {
        if (self->entries_[i].state == status::to_hash) {
            self->hash(i);
        }
    }
    finish_part(std::move(self));
}

void batch::hash(std::size_t index) {
    auto& e = entries_[index];
    if (line_.state().stop_requested()) {
        e.state = status::interrupted;
        return;
    }
    input_file file{path_of(e), e.origin};
    if (file.size() >= large && entries_.size() > 1) {
        hand_off(index);
    } else {
        hash(e, file);
    }
}

void batch::hash(entry& e, input_file& file) {
    const auto outcome = file.error() != 0 ? hash_outcome::failed : file.hash(line_.state(), e.sum);
    switch (outcome) {
    case hash_outcome::hashed:
        e.state = status::hashed;
        line_.state().files.fetch_add(1, std::memory_order_relaxed);
        break;
    case hash_outcome::failed:
        e.state = status::failure;
        e.text = error_text(file.error());
        break;
    case hash_outcome::interrupted: e.state = status::interrupted; break;
    }
}

// The file is opened again there: to send the descriptor along would hold one for each large file that waits.
void batch::hand_off(std::size_t index) {
    open_parts_.fetch_add(1, std::memory_order_relaxed);
    line_.hash(std::make_unique<large_file>(line_, cmwq::arc<batch>::share(*this), index));
}

void large_file::run(std::unique_ptr<large_file> self) {
    const item_scope scope{self->line};
    batch::finish_handed_off(std::move(self->part_of), self->index);
}

void batch::finish_handed_off(cmwq::arc<batch> self, std::size_t index) {
    auto& e = self->entries_[index];
    if (self->line_.state().stop_requested()) {
        e.state = status::interrupted;
    } else {
        input_file file{self->path_of(e), e.origin};
        self->hash(e, file);
    }
    finish_part(std::move(self));
}

// Whoever finishes the last part has seen what all others wrote (acquire-release), and sends the batch on.
void batch::finish_part(cmwq::arc<batch> self) {
    if (self->open_parts_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        self->render();
        auto& line = self->line_;
        line.print(std::move(self));
    }
}

// ---- rendering
// -------------------------------------------------------------------------------------------------------

// Done here and not by the printer, of which there is one for all workers.
void batch::render() {
    for (const auto& e : entries_) {
        render(e);
    }
    entries_ = {};
    paths_ = {};
}

void batch::render(const entry& e) {
    switch (e.state) {
    case status::to_hash:
    case status::interrupted: complete_ = false; break;
    case status::hashed:
        if (complete_) {
            append_line(lines_, e.sum, path_of(e));
            ++line_count_;
        }
        break;
    case status::failure:
        line_.state().failures.fetch_add(1, std::memory_order_relaxed);
        messages_ += "cmwq-sum: " + printable(path_of(e)) + ": " + e.text + '\n';
        break;
    case status::note:
        line_.state().skipped.fetch_add(1, std::memory_order_relaxed);
        if (line_.wants_notes()) {
            messages_ += "cmwq-sum: " + printable(path_of(e)) + ": " + e.text + '\n';
        }
        break;
    }
}

// ---- printing
// --------------------------------------------------------------------------------------------------------

void batch::run(cmwq::work_id<print_work>, cmwq::arc<batch> self) {
    auto& line = self->line_;
    const item_scope scope{line};
    line.output().accept(std::move(self));
}

}  // namespace cmwq_sum
