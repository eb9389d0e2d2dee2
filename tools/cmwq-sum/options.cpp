// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include "exit_status.hpp"

#include <CLI/CLI.hpp>
#include <cmwq/version.hpp>
#include <openssl/crypto.h>

#include <utility>

namespace cmwq_sum {
namespace {

constexpr std::pair<const char*, queue_kind> queue_kinds[] = {{"unbound", queue_kind::unbound},
                                                              {"percpu", queue_kind::percpu},
                                                              {"highpri", queue_kind::highpri},
                                                              {"power-efficient", queue_kind::power_efficient}};
constexpr std::pair<const char*, stats_format> stats_formats[] = {{"text", stats_format::text},
                                                                  {"json", stats_format::json}};

const char* const description =
    "Print the SHA-256 checksum of each regular file in the given directory trees, in the\n"
    "format of sha256sum: 'sha256sum --check' reads it. A PATH is a directory or a file; '-' is\n"
    "standard input. Lines come in the order of the PATHs, and within a PATH in the byte order\n"
    "of the file names (that of 'LC_ALL=C sort'), whatever finished first.\n";

const char* const footer =
    "Inside trees, symbolic links are not followed (see -L), and FIFOs, sockets and devices are\n"
    "skipped with a note. A PATH that is a symbolic link is followed.\n"
    "\n"
    "Exit status:\n"
    "    0  every file was read\n"
    "    1  some could not be read (each is named on standard error); all others are done\n"
    "    2  bad usage; nothing was done\n"
    "    3  the output could not be written, or there was no memory or thread to go on\n"
    "  130  interrupted by Ctrl-C (128 + number of the signal: 143 SIGTERM, 129 SIGHUP)\n"
    "  141  broken pipe: nobody reads the output any more\n"
    "\n"
    "Examples:\n"
    "  cmwq-sum src > SHA256SUMS && sha256sum --check --quiet SHA256SUMS\n"
    "  cmwq-sum --jobs 2 --stats json --stats-file run.json -- /srv/data > data.sha256\n";

// CLI11 reads "[a,b]" among the values of a list as two values. A file may have that name, so arguments that begin
// with a bracket travel through CLI11 behind a guard, as do those that begin with the guard itself.
constexpr char guard = '\1';

std::string guarded(std::string argument) {
    const bool needed = !argument.empty() && (argument.front() == '[' || argument.front() == guard);
    return needed ? guard + argument : argument;
}

std::string unguarded(std::string argument) {
    return !argument.empty() && argument.front() == guard ? argument.substr(1) : argument;
}

template <class Table>
auto names_in(const Table& table) {
    std::vector<std::string> names;
    for (const auto& row : table) {
        names.emplace_back(row.first);
    }
    return names;
}

template <class Table>
auto value_in(const Table& table, const std::string& name) {
    for (const auto& [known, value] : table) {
        if (name == known) {
            return value;
        }
    }
    return table[0].second;
}

/// What CLI11 stores; the enumerations are looked up afterwards, because CLI11's own look-up shows its users numbers.
struct raw_options {
    std::string queue = queue_kinds[0].first;
    std::string stats = stats_formats[0].first;
};

void add_work_options(CLI::App& app, options& out, raw_options& raw) {
    app.add_flag("-L,--dereference", out.follow_symlinks,
                 "Follow symbolic links inside trees; one that leads to a directory\n"
                 "above itself is reported and not entered");
    app.add_option("-j,--jobs", out.jobs,
                   "Hash at most N files at once, 1 to 2048: the max_active of the\n"
                   "queue that hashes, which holds per NUMA node, or per CPU for\n"
                   "percpu and highpri")
        ->type_name("N")
        ->check(CLI::Range(1, 2048).description(""));
    app.add_option("--queue", raw.queue,
                   "The queue that hashes: unbound (default), percpu, highpri (percpu\n"
                   "at raised priority) or power-efficient")
        ->type_name("KIND")
        ->check(CLI::IsMember(names_in(queue_kinds)).description(""));
}

void add_report_options(CLI::App& app, options& out, raw_options& raw) {
    app.add_flag_callback(
        "--no-progress", [&out] { out.progress = false; },
        "No progress bar; there is one when standard error is a terminal");
    app.add_flag("-q,--quiet", out.quiet,
                 "No summary, no progress bar, no notes about skipped files; errors\n"
                 "are still reported");
    app.add_option("--stats", raw.stats,
                   "The form of the summary: text (default) or json; printed even\n"
                   "with --quiet")
        ->type_name("FORMAT")
        ->check(CLI::IsMember(names_in(stats_formats)).description(""));
    app.add_option("--stats-file", out.stats_file, "Write the summary to FILE instead of standard error")
        ->type_name("FILE");
}

/// CLI11 wants the words in reverse.
std::vector<std::string> words_for_cli11(int argc, char** argv) {
    std::vector<std::string> words;
    for (int i = argc - 1; i > 0; --i) {
        words.push_back(guarded(argv[i]));
    }
    return words;
}

void take_over(const CLI::App& app, const CLI::Option& paths, const raw_options& raw, options& out) {
    out.paths.clear();  // the raw words: a conversion to a list would drop a lone "{}"
    for (const auto& word : paths.results()) {
        out.paths.push_back(unguarded(word));
    }
    out.queue = value_in(queue_kinds, raw.queue);
    out.stats = value_in(stats_formats, raw.stats);
    out.stats_asked_for = app.count("--stats") + app.count("--stats-file") > 0;
    out.stats_file = unguarded(out.stats_file);
}

void describe(CLI::App& app) {
    app.footer(footer);
    app.get_formatter()->column_width(24);
    app.set_version_flag("-V,--version",
                         std::string{"cmwq-sum "} + CMWQ_VERSION_STRING + " (" + OpenSSL_version(OPENSSL_VERSION) + ")",
                         "Print the versions of cmwq and OpenSSL");
    app.failure_message([](const CLI::App*, const CLI::Error& error) {
        return std::string{"cmwq-sum: "} + unguarded(error.what()) + "\nTry 'cmwq-sum --help'.\n";
    });
}

}  // namespace

int parse_command_line(int argc, char** argv, options& out) {
    CLI::App app{description, "cmwq-sum"};
    describe(app);
    raw_options raw;
    const auto* paths =
        app.add_option("PATH", out.paths, "Directories and files; put -- before names that begin with -")
            ->required()
            ->type_name("");
    add_work_options(app, out, raw);
    add_report_options(app, out, raw);
    try {
        app.parse(words_for_cli11(argc, argv));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_all_fine : exit_usage;  // CLI11 has a number of its own for each complaint
    }
    take_over(app, *paths, raw, out);
    return -1;
}

const char* name_of(queue_kind kind) noexcept {
    for (const auto& [name, value] : queue_kinds) {
        if (value == kind) {
            return name;
        }
    }
    return "";
}

}  // namespace cmwq_sum
