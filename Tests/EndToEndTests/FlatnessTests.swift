import Foundation
import LinuxSystem
import Testing

/// Ten thousand refreshes leave behind what one does.
struct FlatnessTests {
    private static let refreshes = runsFull ? 10_000 : 400
    /// When what is held is looked at: once everything has happened that happens, and at the end.
    private static let marks = [200, refreshes]
    private static let names = (1...8).map { "flat-\($0)" }
    /// 16 pages, which an allocator may still ask for after it has settled: the smallest block that it can lose is 32
    /// bytes, and one of them in every fifth of the refreshes between the marks would be more.
    private static let slack = 64
    /// A worker asks for memory in larger pieces; 32 bytes that it inherits from each refresh would be more.
    private static let workerSlack = 256

    private static let seed = """
        [[identity]]
        name = "system"
        system-assigned = true
        permissions = ["get", "list"]

        [vaults.demo.secrets]
        \(names.map { "\($0) = \"c4n4ry-\($0)-0\"" }.joined(separator: "\n"))
        """

    /// Every other secret as a variable, the rest as files, and a command that is restarted for what is new.
    private static let configuration: String = {
        let entries = names.enumerated()
        let variables = entries.filter { $0.offset % 2 == 0 }.map { "V\($0.offset) = \"\($0.element)\"" }
        let files = entries.filter { $0.offset % 2 == 1 }.map { "f\($0.offset) = { secret = \"\($0.element)\" }" }
        let refresh = ["[refresh]", "every = \"off\"", "on-change = \"restart\""]
        return (["[env]"] + variables + ["[files]"] + files + refresh).joined(separator: "\n")
    }()

    @Test(.enabled(if: geteuid() == 0, "needs root, to see the memory of a process that is not dumpable"))
    func `descriptors, memory, threads, mappings and files are the same after ten thousand refreshes`() throws {
        try Emulator.serving(Self.seed) { azure in
            let run = try Run(azure)
            var seen: [(supervisor: Footprint, worker: Footprint)] = []
            for mark in Self.marks {
                while try run.attempts < mark - 2 { try run.refresh() }
                seen.append((try run.footprint(), try run.workersFootprint()))
                print("\(try run.attempts) refreshes, \(run.changes) changes, \(run.failures) failures")
                print("  supervisor: \(seen[seen.count - 1].supervisor)")
                print("  worker:     \(seen[seen.count - 1].worker)")
            }
            let (first, last) = (seen[0], seen[seen.count - 1])
            #expect(last.supervisor.counts == first.supervisor.counts)
            #expect(last.supervisor.anonymousKilobytes <= first.supervisor.anonymousKilobytes + Self.slack)
            #expect(last.supervisor.memoryFileKilobytes <= first.supervisor.memoryFileKilobytes)
            #expect(last.worker.anonymousKilobytes <= first.worker.anonymousKilobytes + Self.workerSlack)
            try run.launch.end(SIGTERM)
        }
    }
}

extension FlatnessTests {
    /// A run whose refreshes are asked for one by one, each as soon as the one before has ended.
    final class Run {
        let launch: Launch
        private(set) var changes = 0
        private(set) var failures = 0
        private let azure: Emulator
        private let scratch: Scratch
        private let watch: DirectoryWatch
        private var directory: String { scratch.path + "/instance" }

        init(_ azure: Emulator) throws {
            self.azure = azure
            scratch = try Scratch()
            let file = try scratch.write(FlatnessTests.configuration, to: "latchkey.toml")
            launch = try azure.run("--config", file, command: [Programs.probe, "print-on", "USR1"], in: scratch)
            try launch.expect(line: "ready")
            watch = try DirectoryWatch(scratch.path + "/instance")
        }

        var attempts: Int { get throws { try scratch.status().attempt } }

        /// One refresh: each twentieth finds a change, each fiftieth is refused, the rest find nothing new.
        func refresh() throws {
            let number = try attempts + 1
            if number % 50 == 7 {
                try azure.fault(#"{"name":"refused","endpoint":"vault","error":"forbidden-by-rbac"}"#)
            } else if number % 20 == 0 {
                try change()
            }
            launch.send(SIGHUP)
            let ended = try wait(attempt: number)
            guard number % 50 == 7 else { return #expect(ended.lastError == nil, "\(ended.lastError?.message ?? "")") }
            #expect(ended.lastError != nil, "a refused refresh succeeded")
            failures += 1
            try azure.control("DELETE", "faults/refused")
        }

        /// A new value of a variable and of a file in turn.
        private func change() throws {
            changes += 1
            let name = FlatnessTests.names[changes % FlatnessTests.names.count]
            try azure.rotate(name, to: "c4n4ry-\(name)-\(changes)")
        }

        /// What the supervisor holds after one more change, once the command has been restarted for it and no worker is
        /// under way.
        func footprint() throws -> Footprint {
            changes += 1
            let value = "c4n4ry-newest-\(changes)"
            try azure.rotate(FlatnessTests.names[0], to: value)
            launch.send(SIGHUP)
            _ = try wait(attempt: try attempts + 1)
            var result: Footprint?
            let isResting = try eventually {
                guard let child = try scratch.status().child, ProcessTree.descendants(of: launch.pid) == [child],
                    ProcessFiles.text("/proc/\(child)/environ")?.contains("\(value)\0") == true
                else { return false }
                result = try Footprint(of: launch.pid, directory: directory)
                return true
            }
            try #require(isResting, "the command is not restarted: \(launch.errors.text.suffix(999))")
            return try #require(result)
        }

        /// What the worker of one more refresh holds while the vault lets it wait.
        func workersFootprint() throws -> Footprint {
            let next = try attempts + 1
            try azure.control("DELETE", "journal")
            try azure.fault(#"{"name":"slow","endpoint":"vault","delay":"3s"}"#)
            launch.send(SIGHUP)
            var result: Footprint?
            let isSeen = try eventually {
                guard let request = try azure.journal().last, request.endpoint == "vault", request.status == nil,
                    let worker = ProcessTree.descendants(of: launch.pid).first(where: {
                        ProcessTree.name(of: $0)?.hasPrefix("latchkey-worke") == true
                    })
                else { return false }
                result = try? Footprint(of: worker)
                return result != nil
            }
            try #require(isSeen, "no worker waits for the vault: \(launch.errors.text.suffix(999))")
            try azure.control("DELETE", "faults/slow")
            _ = try wait(attempt: next)
            return try #require(result)
        }

        private func wait(attempt: Int) throws -> RunningStatus {
            while true {
                let status = try scratch.status()
                if status.attempt >= attempt { return status }
                let goesOn = watch.wait(seconds: 60)
                try #require(goesOn, "nothing happens any more: \(launch.errors.text.suffix(999))")
            }
        }
    }
}
