import Foundation
import LinuxSystem
import Testing

/// One app under a vault that fails at random, and all that is known of what it may see.
final class Soak {
    /// Files beside the two of a pair that is always written as one.
    static let names = (1...6).map { "soak-\($0)" }
    private static let files = names + ["left", "right"]
    /// Real-time signals are queued, so that each of them is seen.
    private static let signal = "RTMIN+1"
    /// How long one thing may take that must happen: four tries of a refresh, each of which waits for its answer.
    private static let waitLimit: CInt = 120

    let azure: Emulator
    let launch: Launch
    private(set) var rotations = 0
    private(set) var looks = 0
    private let scratch: Scratch
    private let watch: DirectoryWatch
    private let child: Int32
    private var generator: SplitMix
    /// The newest value by file, and the fingerprints of all that there ever were.
    private var newest: [String: String] = [:]
    private var known: [String: Set<String>] = [:]

    static let seed: String = {
        let values = names.map { "\($0) = \"c4n4ry-\($0)-0\"" }.joined(separator: "\n")
        return """
            [[identity]]
            name = "system"
            system-assigned = true
            permissions = ["get", "list"]

            [vaults.demo.secrets]
            \(values)
            soak-pair = '{"left":"c4n4ry-0","right":"c4n4ry-0"}'
            """
    }()

    init(_ azure: Emulator, seed: UInt64) throws {
        self.azure = azure
        generator = SplitMix(state: seed)
        scratch = try Scratch()
        for name in Self.names { newest[name] = "c4n4ry-\(name)-0" }
        newest["left"] = "c4n4ry-0"
        newest["right"] = "c4n4ry-0"
        let options = Self.names.flatMap { ["-f", "\($0)=\($0)"] }
        launch = try azure.start(
            ["run", "--vault", azure.vault, "--ca-file", azure.authority, "--refresh", "100ms"]
                + ["--signal", Self.signal] + options + ["-f", "left=soak-pair#/left", "-f", "right=soak-pair#/right"]
                + ["--", Programs.probe, "print-on", Self.signal] + Self.files, in: scratch)
        try launch.expect(line: "ready")
        watch = try DirectoryWatch(scratch.path + "/instance", scratch.path + "/instance/secrets")
        child = try #require(try scratch.status().child)
        for (file, value) in newest { known[file] = [value] }
    }

    var attempts: Int { get throws { try scratch.status().attempt } }

    /// One fault from its beginning to its end, with changes in the vault meanwhile, or none.
    ///
    /// 1. The fault begins; the vault's secrets change or do not.
    /// 2. Some refreshes go by, whatever becomes of them; the app's files are whole whenever they are looked at.
    /// 3. The fault ends. The first refresh that begins after it succeeds, and has the newest of everything.
    /// 4. The app is signalled once for each change, and has read the newest then.
    func round() throws {
        let before = try scratch.status()
        let fault = SoakFault.allCases.randomElement(using: &generator) ?? .none
        try fault.begin(
            in: azure, probability: Double.random(in: 0.2...1, using: &generator),
            times: Int.random(in: 1...12, using: &generator))  // (1)
        let rotates = Bool.random(using: &generator)
        if rotates { try rotate() }
        _ = try waitFor(attempt: before.attempt + Int.random(in: 1...8, using: &generator))  // (2)
        try fault.end(in: azure)  // (3)
        let after = try waitFor(attempt: try newestAttempt() + 1)
        try #require(after.lastError == nil, "after '\(fault)' ended: \(after.lastError?.message ?? "")")
        for file in Self.files { #expect(contents(of: file) == newest[file], "\(file) is not the newest") }
        #expect(after.child == child, "the app was restarted")
        #expect((after.generation > before.generation) == rotates, "'\(fault)', and a change: \(rotates)")
        try checkSignals(after.generation - 1)  // (4)
    }

    /// The newest attempt that has begun. A worker is started just before the status tells of it.
    private func newestAttempt() throws -> Int {
        let isUnderWay = ProcessTree.descendants(of: launch.pid) != [child]
        let status = try scratch.status()
        return status.startedAttempt + (isUnderWay && status.startedAttempt == status.attempt ? 1 : 0)
    }

    private func checkSignals(_ changes: Int) throws {
        let isTold = launch.output.wait { text in text.split(separator: "\n").count { $0 == "end" } >= changes }
        try #require(isTold, "the app was not told of a change")
        let lines = launch.output.lines
        #expect(lines.count { $0.hasPrefix("signal=") } == changes, "signals without a change")
        let seen = lines.suffix(Self.files.count + 1)
        for (file, value) in newest where changes > 0 {
            let isNewest = seen.contains { $0.hasPrefix("file=\(file) \(fingerprint(value)) ") }
            #expect(isNewest, "the app did not find the newest \(file)")
        }
    }

    /// New values for some of the secrets.
    private func rotate() throws {
        rotations += 1
        for name in Self.names.shuffled(using: &generator).prefix(Int.random(in: 0...2, using: &generator)) {
            try publish("c4n4ry-\(name)-\(rotations)", in: [name]) { try azure.rotate(name, to: $0) }
        }
        try publish("c4n4ry-\(rotations)", in: ["left", "right"]) { value in
            try azure.rotate("soak-pair", to: "{\"left\":\"\(value)\",\"right\":\"\(value)\"}")
        }
    }

    private func publish(_ value: String, in files: [String], _ rotation: (String) throws -> Void) throws {
        for file in files {
            known[file]?.insert(value)
            newest[file] = value
        }
        try rotation(value)
    }

    /// Waits until this attempt has ended, and looks at the files whenever something was renamed into place.
    private func waitFor(attempt: Int) throws -> RunningStatus {
        while true {
            look()
            let status = try scratch.status()
            if status.attempt >= attempt { return status }
            let goesOn = watch.wait(seconds: Self.waitLimit)
            try #require(goesOn, "nothing happens any more: \(launch.errors.text.suffix(999))")
        }
    }

    private func contents(of file: String, in generation: String = "..data") -> String? {
        FileManager.default.contents(atPath: "\(scratch.path)/instance/secrets/\(generation)/\(file)")
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// All files are there, each with a value that its secret once had, and the two of the pair with the same.
    private func look() {
        let link = scratch.path + "/instance/secrets/..data"
        guard let generation = try? FileManager.default.destinationOfSymbolicLink(atPath: link) else {
            Issue.record("there is no generation")
            return
        }
        looks += 1
        for file in Self.files {
            guard let value = contents(of: file, in: generation) else {
                Issue.record("\(file) is missing")
                return
            }
            #expect(known[file]?.contains(value) == true, "\(file) has a value that never was")
        }
        #expect(contents(of: "left", in: generation) == contents(of: "right", in: generation), "a mixed set")
    }
}

extension Soak {
    /// What the supervisor holds while no worker is under way.
    func footprint() throws -> Footprint {
        var result: Footprint?
        let isResting = try eventually {
            let before = try attempts
            guard ProcessTree.descendants(of: launch.pid) == [child] else { return false }
            result = try Footprint(of: launch.pid)
            let after = try scratch.status()
            return after.attempt == before && after.startedAttempt == before
        }
        try #require(isResting, "a worker is always under way")
        return try #require(result)
    }
}

/// The same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
