import Foundation
import LatchkeyTestSupport
import Testing

/// What is made once for the run and removed at its end.
private let workshop: String = {
    atexit { try? FileManager.default.removeItem(atPath: workshop) }
    return "/var/tmp/latchkey-test-\(UInt32.random(in: 0...UInt32.max))"
}()

/// The bundle of the programs under test, and the probe for each kind of image.
enum ContainerBundle {
    /// What any of these tests needs and is not here; nil where all is.
    static let obstacle: String? = {
        if getuid() != 0 { return "only root can start these containers" }
        for tool in ["runc", "cc", "strip", "openssl"] where Programs.installed(tool) == nil {
            return "\(tool) is not installed"
        }
        return nil
    }()

    /// What `deploy/container/bundle.sh` makes, and what it prints.
    static func made() throws -> (path: String, report: String) { try result.get() }

    private static let result = Result { () throws -> (path: String, report: String) in
        let path = try directory("bundle")
        let programs = URL(fileURLWithPath: Programs.latchkey).deletingLastPathComponent().path
        let script = Box.sources + "/deploy/container/bundle.sh"
        let outcome = try ChildProcess.run(script, ["--programs", programs, path])
        try #require(outcome.ending == .code(0), "\(outcome.errors)")
        return (path, outcome.output)
    }

    /// The bundle with one more authority in its trust store, in a directory of its own.
    static func trusting(_ authority: String, at path: String) throws {
        let hash = try run("openssl", "x509", "-in", authority, "-noout", "-hash")
            .trimmingCharacters(in: .whitespacesAndNewlines)
        try run("cp", "-al", made().path, path)
        try FileManager.default.copyItem(atPath: authority, toPath: "\(path)/certs/\(hash).0")
        try run("chmod", "0644", "\(path)/certs/\(hash).0")
    }

    /// The probe as a program that needs no library, or that of one libc.
    static func probe(_ compiler: [String]) throws -> String {
        let path = try directory("probes") + "/" + compiler.joined(separator: "_")
        if FileManager.default.fileExists(atPath: path) { return path }
        let place = Box.sources + "/Sources/latchkey-probe"
        let sources = try FileManager.default.contentsOfDirectory(atPath: place).filter { $0.hasSuffix(".c") }
        var options = ["-O1", "-o", path]
        if compiler[0] == "musl-gcc" {
            let header = path + ".h"
            try muslNames.write(toFile: header, atomically: false, encoding: .utf8)
            options += ["-include", header]
        }
        options += sources.sorted().map { "\(place)/\($0)" }
        try run(compiler[0], Array(compiler.dropFirst()) + options)
        return path
    }

    /// What the probe takes from glibc and musl does not have.
    private static let muslNames = """
        typedef int __rlimit_resource_t;
        static inline const char *sigabbrev_np(int number)
        {
            static const char *const names[] = {
                0, "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
                "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
                "VTALRM", "PROF", "WINCH", "POLL", "PWR", "SYS" };
            return number > 0 && number < 32 ? names[number] : 0;
        }
        static inline const char *strerrorname_np(int code) { (void)code; return 0; }

        """

    /// A directory below the run's own, with every parent open to all users.
    static func directory(_ name: String) throws -> String {
        let path = "\(workshop)/\(name)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        return path
    }

    @discardableResult
    static func run(_ program: String, _ arguments: String...) throws -> String { try run(program, arguments) }

    @discardableResult
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        let path = try #require(Programs.installed(program), "\(program) is not installed")
        let outcome = try ChildProcess.run(path, arguments)
        try #require(outcome.ending == .code(0), "\(program): \(outcome.errors)")
        return outcome.output
    }
}

/// A root directory of the kind that images have.
enum ContainerRoot: String, CaseIterable, CustomTestStringConvertible {
    /// Debian's essential packages, as in its slim image.
    case debian
    /// glibc and a few files, no shell, as in a distroless image.
    case distroless
    /// musl and busybox, as in Alpine.
    case musl
    /// Nothing at all, as in an image made from scratch.
    case empty

    var testDescription: String { rawValue }

    /// Those that can be had here.
    static let available = ContainerBundle.obstacle == nil ? allCases.filter { $0.obstacle == nil } : []

    /// Why this one can't be had; nil where it can.
    var obstacle: String? {
        switch self {
        case .empty: nil
        case .musl: Programs.installed("musl-gcc") == nil ? "musl-gcc is not installed" : nil
        case .debian: Self.debianDirectory == nil ? "mmdebstrap could not make Debian's root directory" : nil
        case .distroless: Self.distrolessDirectory == nil ? "mmdebstrap could not make a root directory" : nil
        }
    }

    /// COMMAND for this root: a shared program where there is a libc, a static one where there is none.
    func probe() throws -> String {
        switch self {
        case .debian, .distroless: try ContainerBundle.probe(["cc"])
        case .musl: try ContainerBundle.probe(["musl-gcc"])
        case .empty: try ContainerBundle.probe(["cc", "-static"])
        }
    }

    func directory() throws -> String {
        switch self {
        case .debian: try #require(Self.debianDirectory)
        case .distroless: try #require(Self.distrolessDirectory)
        case .musl: try Self.muslDirectory.get()
        case .empty: try ContainerBundle.directory("empty-\(UInt32.random(in: 0...UInt32.max))")
        }
    }

    private static let debianDirectory = bootstrapped("debian", ["--variant=essential"])

    private static let distrolessDirectory: String? = {
        let packages = "--include=base-files,libc6,netbase,tzdata"
        guard let path = bootstrapped("distroless", ["--variant=extract", packages]) else { return nil }
        // What of apt's and dpkg's is in it is a shell's.
        guard !FileManager.default.fileExists(atPath: path + "/bin/sh") else { return nil }
        return path
    }()

    private static let muslDirectory = Result { () throws -> String in
        let path = try ContainerBundle.directory("musl")
        for part in ["bin", "lib", "etc"] { _ = try ContainerBundle.directory("musl/" + part) }
        // busybox finds its applets by the names it is called by.
        if let busybox = Programs.installed("busybox") {
            try FileManager.default.copyItem(atPath: busybox, toPath: path + "/bin/busybox")
            try FileManager.default.createSymbolicLink(atPath: path + "/bin/sh", withDestinationPath: "busybox")
        }
        let probe = try ContainerBundle.probe(["musl-gcc"])
        let headers = try ContainerBundle.run("readelf", "-W", "-l", probe)
        let loader = try #require(headers.firstMatch(of: /interpreter: (.*)\]/)).1
        try ContainerBundle.run("cp", "-L", String(loader), path + "/lib/")
        return path
    }

    /// Kept for the next run on this machine.
    private static func bootstrapped(_ name: String, _ options: [String]) -> String? {
        let path = "/var/tmp/latchkey-test-\(name)"
        if FileManager.default.fileExists(atPath: path + "/etc/debian_version") { return path }
        guard let mmdebstrap = Programs.installed("mmdebstrap") else { return nil }
        let new = "\(path).\(getpid())"
        let made = try? ChildProcess.run(mmdebstrap, ["--quiet", "--mode=root"] + options + ["bookworm", new])
        guard made?.ending == .code(0) else { return nil }
        // Another run may have been faster.
        try? FileManager.default.moveItem(atPath: new, toPath: path)
        try? FileManager.default.removeItem(atPath: new)
        return path
    }
}
