import Foundation

/// One system call of a worker, which is not made and fails with an error.
struct CallPoint: CustomStringConvertible {
    var call: String
    /// The how-many-eth call of this name, from the worker's first instruction on.
    var number: Int
    var error: String
    var description: String { "\(call) \(number) \(error)" }
}

/// Which errors are put into which system calls of a worker.
enum CallErrors {
    /// Calls that can fail for a lack of something, or be interrupted; the first error of each is that of the usual run.
    static let table: [(purpose: String, calls: [(names: [String], errors: [String])])] = [
        (
            "files and directories",
            [
                (["openat"], ["EMFILE", "ENOMEM", "EINTR"]), (["openat2"], ["EMFILE", "ENOMEM", "EINTR"]),
                (["newfstatat", "statx", "fstatfs"], ["ENOMEM", "EIO"]), (["readlinkat", "getcwd"], ["ENOMEM"]),
                (["getdents64"], ["ENOMEM", "EIO"]), (["mkdirat", "symlinkat"], ["ENOSPC", "EDQUOT", "ENOMEM"]),
                (["renameat", "renameat2"], ["ENOSPC", "EIO"]), (["unlinkat"], ["EIO", "EBUSY"]),
                (["fchmod", "fchown", "utimensat"], ["EIO", "EPERM"]), (["ftruncate"], ["EIO", "EINTR"]),
                (["flock", "fcntl"], ["ENOLCK", "EINTR"]), (["lseek"], ["EINVAL"]),
            ]
        ),
        (
            "bytes",
            [
                (["write"], ["ENOSPC", "EDQUOT", "EIO", "EINTR"]), (["read", "pread64"], ["EIO", "EINTR"]),
                (["getrandom"], ["EINTR", "ENOSYS"]), (["ioctl"], ["EIO"]),
            ]
        ),
        (
            "connections and the report",
            [
                (["socket", "socketpair"], ["EMFILE", "ENOMEM"]), (["connect"], ["ENOMEM", "EINTR", "EAGAIN"]),
                (["sendto", "recvfrom", "poll"], ["ENOMEM", "EINTR"]), (["sendmsg"], ["ENOMEM", "EMFILE", "EINTR"]),
                (["setsockopt", "getsockopt", "getsockname", "getpeername"], ["ENOMEM"]),
            ]
        ),
        ("memory and threads", [(["mmap", "brk", "munmap", "madvise"], ["ENOMEM"]), (["clone"], ["EAGAIN"])]),
        (
            "rights",
            [
                (["prctl", "prlimit64", "getgroups", "capget", "capset"], ["EPERM"]),
                (["landlock_create_ruleset"], ["ENOSYS", "EMFILE", "ENOMEM"]),
                (["landlock_add_rule", "landlock_restrict_self"], ["ENOMEM"]),
            ]
        ),
    ]

    static let byCall = Dictionary(
        uniqueKeysWithValues: table.flatMap(\.calls).flatMap { row in row.names.map { ($0, row.errors) } })

    /// The points of a worker's calls, as strace(1) wrote them down with `-f`: those of its first thread, from the line
    /// of `main` on that takes its memory out of others' reach; before it the loader is at work, and libraries.
    ///
    /// All of them, or one of each call with one error.
    static func points(of trace: String, all: Bool, errors count: Int = .max) -> [CallPoint] {
        let lines = trace.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
        var numbers: [String: Int] = [:]
        var points: [String: [CallPoint]] = [:]
        var isOurs = false
        for line in lines where line.count == 2 && line[0] == lines.first?.first {
            let text = line[1].drop { $0 == " " }
            guard let end = text.firstIndex(of: "("), let first = text.first, first.isLetter else { continue }
            let call = String(text[..<end])
            numbers[call, default: 0] += 1
            isOurs = isOurs || text.contains("PR_SET_DUMPABLE")
            // Flags of an open descriptor: the kernel has no reason to refuse them.
            guard isOurs, !text.contains("F_GETFL"), !text.contains("F_SETFL") else { continue }
            points[call, default: []] += (byCall[call] ?? []).prefix(count).map {
                CallPoint(call: call, number: numbers[call] ?? 0, error: $0)
            }
        }
        return points.sorted { $0.key < $1.key }.flatMap { all ? $0.value : Array($0.value.suffix(1)) }
    }

    /// The calls and their errors for the page.
    static var page: String {
        "| calls | fail with |\n|---|---|\n"
            + table.map { purpose, calls in
                calls.map { row in
                    "| \(row.names.map { "`\($0)`" }.joined(separator: ", ")) (\(purpose)) | "
                        + row.errors.map { "`\($0)`" }.joined(separator: ", ") + " |\n"
                }.joined()
            }.joined()
    }
}

/// What became of the points of a run, in a table.
struct CallTable {
    private var rows: [String: [String: Int]] = [:]
    private(set) var count = 0

    mutating func note(_ point: CallPoint, _ outcome: String) {
        rows["\(point.call) | \(point.error)", default: [:]][outcome, default: 0] += 1
        count += 1
    }

    func show(_ title: String) {
        print("failing calls: \(title): \(count) points\n| system call | error | outcomes |\n|---|---|---|")
        for (key, outcomes) in rows.sorted(by: { $0.key < $1.key }) {
            let words = outcomes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            print("| \(key) | \(words.joined(separator: "; ")) |")
        }
    }
}
