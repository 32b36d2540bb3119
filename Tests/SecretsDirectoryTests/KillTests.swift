import Foundation
import Testing

/// The writer is killed at every system call of a delivery that could leave something, or nothing, behind.
@Suite(.enabled(if: Tool.exists("strace"), "strace is not installed")) struct KillTests {
    private static let changing = [
        "mkdirat", "openat2", "openat", "write", "fchmod", "fchown", "utimensat", "renameat", "renameat2", "symlinkat",
        "unlinkat", "flock", "ftruncate",
    ]
    private static let reading = [
        "newfstatat", "fstat", "getdents64", "readlinkat", "close", "fcntl", "pread64", "statx",
    ]

    @Test func `a reader sees all of the old or all of the new, and the next start heals`() throws {
        let counts = try count(Self.changing + (isFull ? Self.reading : []))
        var table = "call         nth  seen  left behind                                   healed\n"
        var points = 0
        for (call, count) in counts {
            for point in 1...count {
                let row = try killed(at: call, point)
                table += row + "\n"
                points += 1
            }
        }
        print(table + "\(points) points")
        #expect(points > 40)
    }

    /// How often a delivery makes each call.
    private func count(_ calls: [String]) throws -> [(String, Int)] {
        let place = try prepared()
        let trace = place.path + "/trace"
        let run = try Tool.run(
            "strace", ["-f", "-o", trace, "-e", "trace=" + calls.joined(separator: ",")] + command(place),
            environment: [:])
        #expect(run.code == 0, "\(run.errors)")
        let lines = (place.text("trace") ?? "").split(separator: "\n")
        return calls.map { call in (call, lines.count { $0.contains(" \(call)(") }) }.filter { $0.1 > 0 }
    }

    /// Two generations of three files lie there already: the third removes the first.
    private func prepared() throws -> TestPlace {
        let place = try TestPlace()
        let instance = ["RUNTIME_DIRECTORY": place.path + "/instance"]
        for mark in ["zero", "old"] {
            let run = try Tool.run(
                Tool.rotate, ["deliver", place.path + "/secrets", mark, "3", "40"], environment: instance)
            try #require(run.code == 0, "\(run.errors)")
        }
        return place
    }

    private func command(_ place: TestPlace) -> [String] {
        [
            "/usr/bin/env", "RUNTIME_DIRECTORY=\(place.path)/instance", Tool.rotate, "deliver", place.path + "/secrets",
            "new", "4",
            "40",
        ]
    }

    private func killed(at call: String, _ point: Int) throws -> String {
        let place = try prepared()
        // The calls that `env` makes before it becomes the writer are among those that are counted.
        _ = try Tool.run(
            "strace",
            ["-f", "-o", "/dev/null", "-e", "trace=\(call)", "-e", "inject=\(call):signal=SIGKILL:when=\(point)"]
                + command(place), environment: [:])
        let seen = see(place)
        #expect(seen == "old" || seen == "new", "killed at \(call) \(point): \(seen)")
        let debris =
            place.top().filter { name in
                name == "..latchkey.part" || name == "..data.new" || name == "..pid.new"
            } + (place.generations().count > 2 ? ["\(place.generations().count) generations"] : [])
        let next = try Tool.run(
            Tool.rotate, Array(command(place).dropFirst(3)),
            environment: ["RUNTIME_DIRECTORY": place.path + "/instance"])
        #expect(next.code == 0, "after \(call) \(point): \(next.errors)")
        #expect(see(place) == "new", "after \(call) \(point)")
        let expected = ["..data", "..pid", "deep", "file-0", "file-2"]
        #expect(place.top().filter { !$0.hasPrefix("..latchkey.") } == expected, "after \(call) \(point)")
        #expect(place.generations().count <= 2, "after \(call) \(point)")
        let left = debris.isEmpty ? "nothing" : debris.joined(separator: ", ")
        return row(call, 12) + row("\(point)", 5) + row(seen, 6) + row(left, 46) + "yes"
    }

    private func row(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count) + 1, withPad: " ", startingAt: 0)
    }

    /// What a reader finds that goes through `..data` once.
    private func see(_ place: TestPlace) -> String {
        let data = (try? FileManager.default.destinationOfSymbolicLink(atPath: place.path + "/secrets/..data")) ?? ""
        let names = (place.listing("secrets/\(data)")).filter { $0.contains("file-") }
        let texts = Set(names.map { place.text("secrets/\(data)/\($0)")?.prefix(3) ?? "" })
        switch (names.count, texts) {
        case (3, ["old"]): return "old"
        case (4, ["new"]): return "new"
        default: return "\(names.count) files of \(texts)"
        }
    }
}
