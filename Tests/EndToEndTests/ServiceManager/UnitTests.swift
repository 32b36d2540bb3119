import Foundation
import Testing

/// What is shipped for systemd, as systemd's own tools judge it.
@Suite(.serialized, .enabled(if: Box.obstacle == nil, "\(Box.obstacle ?? "")"))
struct UnitTests {
    private static let services = [
        "latchkey@shop.service", "latchkey-sidecar@shop.service", "latchkey-credential.service",
    ]

    @Test(arguments: BoxRoot.available)
    func `systemd finds nothing to say about the shipped units`(root: BoxRoot) throws {
        let box = try Box(root)
        try box.write("/etc/systemd/system/contoso-web.service", "[Service]\nExecStart=/bin/true\n")
        for dropIn in ["latchkey-run.conf", "latchkey-sync.conf"] {
            try box.write("/etc/systemd/system/contoso-web.service.d/latchkey.conf", try Box.shipped(dropIn))
            for unit in Self.services + ["latchkey-credential.socket", "contoso-web.service"] {
                let outcome = try box.run("systemd-analyze", "verify", "--man=no", unit)
                #expect(outcome.ending == .code(0))
                #expect(outcome.output + outcome.errors == "", "\(unit)")
            }
        }
        #expect(try box.run("systemd-tmpfiles", "--create", "latchkey.conf").errors == "")
    }

    @Test(arguments: BoxRoot.available)
    func `what does not run the user's command is hardened to 2,0 or better`(root: BoxRoot) throws {
        let box = try Box(root)
        for unit in ["latchkey-sidecar@shop.service", "latchkey-credential.service"] {
            let outcome = try box.run("systemd-analyze", "security", "--offline=yes", "--threshold=20", unit)
            #expect(outcome.ending == .code(0), "\(outcome.output)")
        }
    }

    @Test func `every service stops by one TERM and outlives a worker without memory`() throws {
        for file in [
            "latchkey@.service", "latchkey-sidecar@.service", "latchkey-credential.service", "latchkey-run.conf",
        ] {
            let lines = try Box.shipped(file).split(separator: "\n")
            for setting in [
                "KillMode=mixed", "OOMPolicy=continue", "RestartPreventExitStatus=64 65 78", "SuccessExitStatus=143",
            ] {
                #expect(lines.contains { $0 == setting }, "\(file): \(setting)")
            }
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a sidecar without root's rights delivers for a group and signals another user's process`(root: BoxRoot) throws
    {
        let box = try Box(root)
        try Emulator.serving { emulator in
            try box.write(
                "/etc/systemd/system/app.service",
                """
                [Service]
                User=nobody
                Group=nogroup
                ExecStart=/usr/bin/latchkey-probe print-on USR1 /run/latchkey/shop/secrets/db
                ExecStartPost=+/bin/sh -c 'echo $MAINPID >/run/app.pid'
                """)
            let toml = """
                group = "nogroup"
                [files]
                db = "db-password"
                [refresh]
                signal = "USR1"
                """
            try emulator.configure("shop", command: "", toml, in: box)
            // A name would mean the sidecar's own user's processes only: root writes down which one is meant.
            try box.write(
                "/etc/systemd/system/latchkey-sidecar@shop.service.d/target.conf",
                "[Service]\nEnvironment=LATCHKEY_SIGNAL_PID=/run/app.pid\n")
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "latchkey-sidecar@shop", "app")
            try box.expect("ready", of: "app.service")
            try emulator.rotate("db-password", to: "c4n4ry-second")
            try box.check("systemctl", "reload", "latchkey-sidecar@shop")
            try box.expect("end", of: "app.service")
            let line = try #require(try box.lines(of: "app.service").last { $0.hasPrefix("file=") })
            #expect(line.contains(fingerprint("c4n4ry-second")))
        }
    }

    @Test(arguments: BoxRoot.available)
    func `units have a user each, and none of them reads another's secrets`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            for name in ["one", "two"] {
                try emulator.configure(name, command: "", "[files]\ndb = \"db-password\"\n", in: box)
            }
            let sleep = "/usr/bin/latchkey-probe sleep"
            try emulator.configure("three", command: sleep, "[files]\nx = \"smtp\"\n", in: box)
            try emulator.configure(
                "credentials", command: "", "[credentials.\"web.service\"]\none = \"db-password\"\n", in: box)
            try box.write(
                "/etc/systemd/system/web.service",
                // Started once the program is there, and with it the credential: the server runs then.
                "[Service]\nType=exec\nLoadCredential=one:/run/latchkey/credential.sock\nExecStart=\(sleep)\n")
            try box.check("systemctl", "daemon-reload")
            let units = ["latchkey-sidecar@one", "latchkey-sidecar@two", "latchkey@three", "latchkey-credential"]
            for unit in units.dropLast() { try box.check("systemctl", "start", unit) }
            // The server ends by itself when it has had no work for some seconds.
            try box.check("systemctl", "start", "latchkey-credential.socket", "web")
            var users: [String] = []
            for unit in units.reversed() {
                let process = try box.property("MainPID", of: unit)
                // What /proc says of the files' owner is root, since the process is not dumpable.
                let user = try box.check("awk", "/^Uid:/ { print $2 }", "/proc/\(process)/status")
                users.append(user.filter(\.isNumber))
            }
            users.reverse()
            #expect(Set(users).count == users.count && !users.contains("0"), "\(users)")
            for (index, path) in ["one/secrets/db", "two/secrets/db", "three/secrets/x"].enumerated() {
                for user in users {
                    let read = try box.run(
                        "setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--bounding-set=-all",
                        "test", "-r", "/run/latchkey/\(path)")
                    #expect(read.ending == .code(user == users[index] ? 0 : 1), "\(path) by \(user)")
                }
            }
        }
    }

    @Test(arguments: BoxRoot.available, ["latchkey", "latchkey-sidecar"])
    func `an instance whose name is too long for a user's starts with a user that it is given`(
        root: BoxRoot, template: String
    ) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            let longest = "shop-of-contoso_europe"
            for name in [longest, longest + "2"] {
                let command = template == "latchkey" ? "/usr/bin/latchkey-probe sleep" : ""
                try emulator.configure(name, command: command, "[files]\ndb = \"db-password\"\n", in: box)
            }
            try box.check("systemctl", "start", "\(template)@\(longest)")
            #expect(try box.property("User", of: "\(template)@\(longest)") == "latchkey_\(longest)")
            let other = "\(template)@\(longest)2"
            #expect(try box.run("systemctl", "start", other).ending == .code(1))
            try box.write("/etc/systemd/system/\(other).service.d/user.conf", "[Service]\nUser=latchkey_shop2\n")
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", other)
            #expect(try box.property("User", of: other) == "latchkey_shop2")
        }
    }

    @Test(arguments: BoxRoot.available)
    func `the command that a sidecar starts at a change has none of its unit's capabilities`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            let action = "exec-on-change = \"/bin/grep ^Cap /proc/self/status\"\n"
            let toml = "[files]\ndb = \"db-password\"\n[refresh]\n" + action
            try emulator.configure("shop", command: "", toml, in: box)
            try box.check("systemctl", "start", "latchkey-sidecar@shop")
            try emulator.rotate("db-password", to: "c4n4ry-second")
            try box.check("systemctl", "reload", "latchkey-sidecar@shop")
            let unit = "latchkey-sidecar@shop.service"
            #expect(try eventually { try box.lines(of: unit).contains { $0.hasPrefix("CapAmb:") } })
            let lines = try box.lines(of: unit).filter { $0.hasPrefix("Cap") && !$0.hasPrefix("CapBnd:") }
            #expect(lines.count == 4 && lines.allSatisfy { $0.hasSuffix("\t0000000000000000") }, "\(lines)")
        }
    }

    /// Who the unit's processes are, and with them who owns its RuntimeDirectory=.
    enum Who: String, CaseIterable {
        case user = "User=nobody\nGroup=nogroup\n"
        case dynamic = "DynamicUser=yes\n"
        /// Root, which delivers and starts the command as somebody else.
        case option = "Environment=LATCHKEY_USER=nobody:nogroup\n"
        case root = ""
    }

    @Test(arguments: BoxRoot.available, Who.allCases)
    func `a run delivers into the unit's runtime directory, whoever owns it`(root: BoxRoot, who: Who) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            let toml = "[files]\ndb = \"db-password\"\n[refresh]\nsignal = \"USR1\"\n"
            try emulator.configure("shop", command: "", toml, in: box)
            try box.write(
                "/etc/systemd/system/shop.service",
                """
                [Service]
                Type=notify
                RuntimeDirectory=shop
                EnvironmentFile=/etc/latchkey/shop.env
                ExecStart=/usr/bin/latchkey run --config /etc/latchkey/shop.toml \
                    -- /usr/bin/latchkey-probe print-on USR1 db
                ExecReload=/usr/bin/latchkey refresh --wait
                \(who.rawValue)
                """)
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "shop")
            try box.expect("ready", of: "shop.service")
            try emulator.rotate("db-password", to: "c4n4ry-second")
            try box.check("systemctl", "reload", "shop")
            try box.expect("end", of: "shop.service")
            let line = try #require(try box.lines(of: "shop.service").last { $0.hasPrefix("file=db ") })
            #expect(line.contains(fingerprint("c4n4ry-second")))

            // The command's own, and nobody else's.
            let latchkey = try box.check("systemctl", "show", "--property=MainPID", "--value", "shop").filter(
                \.isNumber)
            let command = try box.check("cat", "/proc/\(latchkey)/task/\(latchkey)/children").filter(\.isNumber)
            let owner = try box.check("stat", "--format=%u", "/proc/\(command)")
            let facts = try box.check(
                "stat", "--dereference", "--format=%u %a", "/run/shop/secrets/..data", "/run/shop/secrets/db")
            let user = owner.filter(\.isNumber)
            #expect(facts == "\(user) 700\n\(user) 400\n")
            #expect((user == "0") == (who == .root))
            try box.check("systemctl", "stop", "shop")
            #expect(try box.run("test", "-e", "/run/shop").ending == .code(1))
        }
    }
}
