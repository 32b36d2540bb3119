import Foundation
import Testing

enum PackageTools {
    /// Why no package can be built and tried here; nil where one can.
    static let obstacle: String? = {
        if let obstacle = Box.obstacle { return obstacle }
        guard ProcessInfo.processInfo.environment["LATCHKEY_FULL"] == "1" else {
            return "it builds a package twice, which the full run only takes the time for"
        }
        for tool in ["dpkg-buildpackage", "dh", "lintian"] where Programs.installed(tool) == nil {
            return "\(tool) is not installed"
        }
        guard ProcessInfo.processInfo.environment["LATCHKEY_BIN"] != nil else {
            return "the package is made of programs as they are shipped: LATCHKEY_BIN does not name them"
        }
        return nil
    }()
}

/// The Debian package, from its build to its removal.
@Suite(.serialized, .enabled(if: PackageTools.obstacle == nil, "\(PackageTools.obstacle ?? "")"))
struct PackageTests {
    private func build(_ version: String, in scratch: Scratch) throws -> String {
        let programs = URL(fileURLWithPath: Programs.latchkey).deletingLastPathComponent().path
        let script = Box.sources + "/deploy/debian/build.sh"
        let outcome = try Launch(script, ["--programs", programs, "--version", version, scratch.path]).end(
            within: .seconds(300))
        // An error of lintian's is one of the script's.
        try #require(outcome.ending == .code(0), "\(outcome.errors)")
        let path = outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
        return URL(fileURLWithPath: path).lastPathComponent
    }

    @Test func `it is installed, upgraded under a running unit, and removed`() throws {
        let scratch = try Scratch()
        let (old, new) = (try build("0.1.0~before", in: scratch), try build("0.1.0~now", in: scratch))
        let box = try Box(bare: scratch.path)
        try Emulator.serving { emulator in
            // Images for containers forbid packages to stop and start anything; a machine with a manager does not.
            try box.check("rm", "-f", "/usr/sbin/policy-rc.d")
            try box.check("dpkg", "--install", "/mnt/" + old)
            try check(box)
            let reader = "/usr/bin/latchkey-probe print-on HUP db"
            let toml = "[files]\ndb = \"db-password\"\n[refresh]\nsignal = \"HUP\"\n"
            try emulator.configure("shop", command: reader, toml, in: box)
            try box.check("systemctl", "start", "latchkey@shop", "latchkey-credential.socket")
            let process = try box.property("MainPID", of: "latchkey@shop")

            // What runs goes on, with the worker that it was started with.
            try box.check("dpkg", "--install", "/mnt/" + new)
            #expect(try box.property("MainPID", of: "latchkey@shop") == process)
            try emulator.rotate("db-password", to: "c4n4ry-second")
            try box.check("systemctl", "reload", "latchkey@shop")
            try box.expect("end", of: "latchkey@shop.service")
            try box.check("systemctl", "restart", "latchkey@shop")
            #expect(try box.property("MainPID", of: "latchkey@shop") != process)

            try box.check("dpkg", "--remove", "latchkey")
            #expect(try box.property("ActiveState", of: "latchkey@shop") == "active")
            #expect(try box.property("ActiveState", of: "latchkey-credential.socket") == "inactive")
            try box.check("systemctl", "stop", "latchkey@shop")
            #expect(try box.run("test", "-e", "/usr/bin/latchkey").ending == .code(1))
            #expect(try box.check("ls", "/etc/latchkey").contains("shop.toml"), "it is the administrator's")
        }
    }

    private func check(_ box: Box) throws {
        let modes = try box.check("stat", "--format=%a", "/usr/bin/latchkey", "/usr/libexec/latchkey/latchkey-worker")
        #expect(modes == "711\n711\n")
        #expect(try box.check("latchkey", "--version").hasPrefix("latchkey "))
        #expect(try box.run("id", "latchkey").ending == .code(1), "no user is shared by units")
        #expect(try box.check("stat", "--format=%a", "/run/latchkey") == "755\n")
        #expect(try box.check("journalctl", "--list-catalog").contains("Latchkey: A credential was asked for"))
        #expect(try box.property("UnitFileState", of: "latchkey-credential.socket") == "disabled")
        #expect(try box.property("ActiveState", of: "latchkey-credential.socket") == "inactive")
        let files = try box.check("dpkg-query", "--listfiles", "latchkey")
        for file in [
            "man/man1/latchkey.1.gz", "man/man5/latchkey.toml.5.gz", "bash-completion/completions/latchkey",
            "zsh/vendor-completions/_latchkey", "fish/vendor_completions.d/latchkey.fish",
        ] {
            #expect(files.contains("/usr/share/" + file))
        }
    }
}
