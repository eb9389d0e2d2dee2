// SPDX-License-Identifier: Apache-2.0
#include "walker.hpp"

#include "error_text.hpp"
#include "pipeline.hpp"

#include <sys/stat.h>

namespace cmwq_sum {
namespace {

// How many subdirectories of each directory on the way are read ahead: enough to keep a disk busy.
constexpr std::size_t directories_ahead = 16;

const char* note_about(std::uint32_t type) noexcept {
    switch (type) {
    case S_IFIFO: return "FIFO, skipped";
    case S_IFSOCK: return "socket, skipped";
    case S_IFCHR: return "character device, skipped";
    case S_IFBLK: return "block device, skipped";
    default: return "not a regular file, skipped";
    }
}

}  // namespace

void walker::run(walker& self) {
    const item_scope scope{self.line_};
    if (!self.finished_) {
        self.advance();
    }
}

void walker::advance() {
    if (!started_) {
        started_ = true;
        auto root = cmwq::make_arc<directory>(line_, nullptr, "", name_origin::command_line);
        line_.read(root);
        push(std::move(root));
    }
    while (!line_.state().stop_requested()) {
        if (way_.empty()) {
            finish();
            return;
        }
        if (!line_.has_room() || !step()) {
            cut();  // what is there must not wait for the next run
            return;
        }
    }
    finish();
}

/// One entry further. False: the directory has not been read yet.
bool walker::step() {
    auto& top = way_.back();
    if (!top.here->ready()) {
        return false;
    }
    if (!top.entered) {
        enter(top);
    }
    if (top.next == top.here->entries().size()) {
        way_.pop_back();
    } else {
        visit(top);
    }
    return true;
}

void walker::enter(level& top) {
    top.entered = true;
    if (!top.here->error().empty()) {
        current().add_failure("", top.here->path(), top.here->error());
    }
    read_ahead(top);
}

void walker::visit(level& top) {
    const auto& here = *top.here;
    const auto& e = here.entries()[top.next];
    switch (e.kind) {
    case entry_kind::directory:
        descend(top);  // moves `top`
        return;
    case entry_kind::file: current().add_file(here.prefix(), here.name(e), here.origin_of_entries()); break;
    case entry_kind::special: current().add_note(here.prefix(), here.name(e), note_about(e.detail)); break;
    case entry_kind::unreadable:
        current().add_failure(here.prefix(), here.name(e), error_text(static_cast<int>(e.detail)));
        break;
    }
    ++top.next;
    if (current_->full()) {
        cut();
    }
}

void walker::descend(level& top) {
    ++top.next;
    auto child = std::move(top.children.front());
    top.children.pop_front();
    read_ahead(top);
    push(std::move(child));
}

// At least the next subdirectory. More only while the names in memory are few.
void walker::read_ahead(level& top) {
    const auto& entries = top.here->entries();
    for (auto& i = top.next_to_read; i < entries.size(); ++i) {
        if (top.children.size() >= (line_.may_read_ahead() ? directories_ahead : 1)) {
            return;
        }
        if (entries[i].kind == entry_kind::directory) {
            const std::string path{top.here->prefix() + std::string{top.here->name(entries[i])}};
            top.children.push_back(cmwq::make_arc<directory>(line_, top.here, path, top.here->origin_of_entries()));
            line_.read(top.children.back());
        }
    }
}

void walker::push(cmwq::arc<directory> found) {
    way_.push_back(level{std::move(found), 0, 0, {}, false});
}

batch& walker::current() {
    if (!current_) {
        current_ = cmwq::make_arc<batch>(line_, next_number_++);
    }
    return *current_;
}

void walker::cut() {
    if (current_) {
        line_.hash(std::move(current_));
    }
}

/// The last batch may be empty. It says that nothing follows, so that the end, too, comes in order.
void walker::finish() {
    finished_ = true;
    way_.clear();
    current().mark_last();
    cut();
}

}  // namespace cmwq_sum
