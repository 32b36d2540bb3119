import Foundation
import LatchkeyTestSupport
import Testing

/// The root directory that a box is a view of, and with it the systemd that boots in it.
enum BoxRoot: String, CaseIterable, CustomTestStringConvertible {
    /// This machine's own.
    case own
    /// Debian 13's, with systemd 257: made once for the run by mmdebstrap.
    case newer

    var testDescription: String { self == .own ? "this system's systemd" : "Debian 13's systemd" }

    static let available: [BoxRoot] = Box.obstacle == nil ? (newerObstacle == nil ? [.own, .newer] : [.own]) : []

    /// Why there is no newer systemd to test with; nil where there is one.
    static let newerObstacle: String? = {
        if let obstacle = Box.obstacle { return obstacle }
        guard ProcessInfo.processInfo.environment["LATCHKEY_FULL"] == "1" else {
            return "a root directory with a newer systemd is made by the full run only"
        }
        guard ProcessInfo.processInfo.environment["LATCHKEY_BIN"] != nil else {
            return "programs of a debug build need the toolchain's libraries, which are not in that root directory"
        }
        return newerDirectory == nil ? "mmdebstrap could not make Debian 13's root directory" : nil
    }()

    var directory: String? { self == .own ? "/" : Self.newerDirectory }

    private static let newerDirectory: String? = {
        let path = "/var/tmp/latchkey-test-trixie-2"
        if FileManager.default.fileExists(atPath: path + "/usr/lib/systemd/systemd") { return path }
        guard let mmdebstrap = Programs.installed("mmdebstrap") else { return nil }
        let packages = "systemd,systemd-sysv,dbus,polkitd,libcurl4t64,libstdc++6,libssl3t64,ca-certificates"
        let new = "\(path).\(getpid())"
        let arguments = ["--quiet", "--variant=essential", "--mode=root", "--include=\(packages)", "trixie"]
        let made = try? ChildProcess.run(mmdebstrap, arguments + [new])
        guard made?.ending == .code(0) else { return nil }
        // Another run may have been faster.
        try? FileManager.default.moveItem(atPath: new, toPath: path)
        try? FileManager.default.removeItem(atPath: new)
        return path
    }()
}

/// A booted systemd with Latchkey installed and its units where the package puts them; thrown away with its owner.
final class Box: Sendable {
    /// Why no box can be booted here; nil where one can.
    static let obstacle: String? = {
        if getuid() != 0 { return "only root can boot a systemd" }
        for tool in ["systemd-nspawn", "nsenter", "pgrep"] where Programs.installed(tool) == nil {
            return "\(tool) is not installed"
        }
        guard let name = try? start(randomName(), root: "/", []) else { return "systemd does not boot here" }
        stop(name)
        return nil
    }()

    static let sources = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    private static let script = sources + "/deploy/systemd/box.sh"

    private let name: String
    /// The box's root directory, seen from outside; what is mounted in the box, such as /run, is not in it.
    private let root: String

    /// Boots a box that has the programs and all units, or the given directory at /mnt and nothing else.
    init(_ kind: BoxRoot = .own, bare directory: String? = nil) throws {
        let programs = URL(fileURLWithPath: Programs.latchkey).deletingLastPathComponent().path
        var mounts = ["\(Programs.probe):/usr/bin/latchkey-probe"]
        if let directory {
            mounts.append("\(directory):/mnt")
        } else {
            mounts.append("\(programs)/latchkey:/usr/bin/latchkey")
            mounts.append("\(programs)/latchkey-worker:/usr/libexec/latchkey/latchkey-worker")
        }
        name = try Self.start(
            Self.randomName(), root: try #require(kind.directory), mounts.map { "--bind-ro=\($0)" })
        root = "/run/latchkey-boxes/\(name)/root"
        if directory == nil { try install() }
    }

    deinit { Self.stop(name) }

    /// Other runs on this machine have their own boxes.
    private static func randomName() -> String { "latchkey-\(UInt32.random(in: 0...UInt32.max))" }

    private static func start(_ name: String, root: String, _ options: [String]) throws -> String {
        let outcome = try Launch(script, ["start", name, root] + options).end()
        try #require(outcome.ending == .code(0), "no box: \(outcome.errors)")
        return name
    }

    private static func stop(_ name: String) {
        let outcome = try? Launch(script, ["stop", name]).end()
        #expect(outcome?.ending == .code(0), "the box stays: \(outcome?.errors ?? "")")
    }

    /// The shipped units where the package has them.
    private func install() throws {
        let files = FileManager.default
        let shipped = Self.sources + "/deploy/systemd/"
        for unit in try files.contentsOfDirectory(atPath: shipped) {
            let target: String
            switch unit.split(separator: ".").last {
            case "service", "socket": target = "/usr/lib/systemd/system/\(unit)"
            case "catalog": target = "/usr/lib/systemd/catalog/\(unit)"
            case "tmpfiles": target = "/usr/lib/tmpfiles.d/latchkey.conf"
            default: continue
            }
            try write(target, String(contentsOfFile: shipped + unit, encoding: .utf8))
        }
        try write("/etc/latchkey/README", "")
        try check("journalctl", "--update-catalog")
        try check("systemctl", "daemon-reload")
    }

    /// The text of a drop-in or unit that is shipped as a template to copy.
    static func shipped(_ name: String) throws -> String {
        try String(contentsOfFile: sources + "/deploy/systemd/" + name, encoding: .utf8)
    }

    /// Writes a file that everybody may read, whatever the umask of other tests; nothing below /run.
    func write(_ path: String, _ text: String) throws {
        let files = FileManager.default
        let place = root + path
        let directory = URL(fileURLWithPath: place).deletingLastPathComponent().path
        if !files.fileExists(atPath: directory) {
            try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory)
        }
        try text.write(toFile: place, atomically: false, encoding: .utf8)
        try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: place)
    }

    /// Runs a command in the box.
    @discardableResult
    func run(_ command: String...) throws -> Outcome { try run(command) }

    private func run(_ command: [String]) throws -> Outcome {
        try Launch(Self.script, ["run", name] + command).end()
    }

    /// Runs a command that has to succeed, and returns what it prints.
    @discardableResult
    func check(_ command: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let outcome = try run(command)
        if outcome.ending != .code(0) { Issue.record("\(try journal())", sourceLocation: sourceLocation) }
        try #require(
            outcome.ending == .code(0), "\(command): \(outcome.output)\(outcome.errors)",
            sourceLocation: sourceLocation)
        return outcome.output
    }

    /// A unit's property as `systemctl show` has it.
    func property(_ name: String, of unit: String) throws -> String {
        try check("systemctl", "show", "--value", "--property=\(name)", unit)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Messages of the journal, one a line, of the entries that match; all without a match.
    func journal(_ matches: String...) throws -> String {
        try run(["journalctl", "--quiet", "--no-pager", "--output=cat", "--all"] + matches).output
    }

    /// Lines that a unit's command wrote.
    func lines(of unit: String) throws -> [String] {
        try journal("--unit=\(unit)").split(separator: "\n").map(String.init)
    }

    /// What a stream socket of the box says to whoever connects.
    func answer(of socket: String) throws -> String {
        let process = try String(contentsOfFile: "/run/latchkey-boxes/\(name)/process", encoding: .utf8)
        let path = "/proc/\(process.trimmingCharacters(in: .whitespacesAndNewlines))/root\(socket)"
        let python = try #require(Programs.installed("python3"), "python3 is not installed")
        let program =
            "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(99).decode())"
        let outcome = try Launch(python, ["-c", program, path]).end()
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Waits until a unit has written a line this often.
    func expect(
        _ line: String, of unit: String, count: Int = 1, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let came = try eventually { try lines(of: unit).count { $0 == line } >= count }
        let written = came ? "" : try journal()
        try #require(came, "no '\(line)' in: \(written)", sourceLocation: sourceLocation)
    }
}

extension Emulator {
    /// Writes what an instance of the shipped template needs: `NAME.toml` and `NAME.env` in /etc/latchkey.
    func configure(_ name: String, command: String, _ toml: String, in box: Box) throws {
        try box.write("/etc/latchkey/ca.pem", String(contentsOfFile: authority, encoding: .utf8))
        try box.write("/etc/latchkey/\(name).toml", "vault = \"\(vault)\"\nca-file = \"/etc/latchkey/ca.pem\"\n" + toml)
        let variables = try environment().map { "\($0)=\($1)\n" }.sorted().joined()
        try box.write("/etc/latchkey/\(name).env", "COMMAND=\(command)\n" + variables)
    }
}
