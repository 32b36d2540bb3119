import Foundation
import Testing

/// A sidecar that has systemd reload the unit of its app, under a real systemd, bus and polkit.
@Suite(.serialized, .enabled(if: Box.obstacle == nil, "\(Box.obstacle ?? "")"))
struct UnitReloadTests {
    private static let sidecar = "latchkey-sidecar@web.service"
    private static let delivery = """
        [files]
        db = "db-password"
        [refresh]
        every = "off"
        unit = "web.service"
        """

    private func start(
        _ root: BoxRoot, reload: String, _ emulator: Emulator, settings: String = ""
    ) throws -> Box {
        let box = try Box(root)
        try emulator.configure("web", command: "", Self.delivery, in: box)
        try box.write(
            "/etc/systemd/system/web.service",
            "[Service]\nExecStart=/usr/bin/latchkey-probe sleep\nExecReload=/bin/sh -c '\(reload)'\n")
        try box.write("/etc/systemd/system/\(Self.sidecar).d/test.conf", "[Service]\n\(settings)\n")
        // dbus-daemon turns away users that only systemd knows.
        try box.check("useradd", "--system", "latchkey_web")
        try box.check("systemctl", "daemon-reload")
        try box.check("systemctl", "start", "dbus.socket", "polkit", "web", Self.sidecar)
        return box
    }

    private func journal(_ box: Box) -> String { (try? box.journal()) ?? "" }

    @Test(arguments: BoxRoot.available)
    func `a unit is reloaded once polkit lets the sidecar's user do it`(root: BoxRoot) throws {
        try Emulator.serving { emulator in
            let box = try start(root, reload: "touch /run/web.reloaded", emulator)
            try emulator.rotate("db-password", to: "c4n4ry-second")
            try box.check("systemctl", "reload", Self.sidecar)
            let isSaid = try eventually {
                try box.journal("LATCHKEY_CODE=unit-reload-failed").contains("may not reload it")
            }
            try #require(isSaid, "\(journal(box))")
            #expect(
                try box.run("/usr/bin/latchkey", "status", "--json", "--instance", "web").output.contains("reload-unit")
            )

            let rule = try Box.shipped("latchkey-reload.rules").replacingOccurrences(
                of: "nginx.service", with: "web.service")
            try box.write("/etc/polkit-1/rules.d/50-latchkey-web.rules", rule)
            try box.check("systemctl", "restart", "polkit")
            try box.check("systemctl", "reload", Self.sidecar)
            let isDone = try eventually {
                try box.journal("LATCHKEY_CODE=unit-reloaded").contains("unit 'web.service'")
            }
            try #require(isDone, "\(journal(box))")
            #expect(try box.run("test", "-e", "/run/web.reloaded").ending == .code(0))
            #expect(try box.property("NRestarts", of: "web") == "0")
            // It may do that and nothing else.
            let user = try box.property("User", of: Self.sidecar)
            let process = try box.property("MainPID", of: Self.sidecar)
            let number = try box.check("awk", "/^Uid:/ { print $2 }", "/proc/\(process)/status").filter(\.isNumber)
            #expect(user == "latchkey_web")
            let stop = try box.run(
                "setpriv", "--reuid=\(number)", "--clear-groups", "systemctl", "--no-ask-password", "stop", "web")
            #expect(stop.ending != .code(0))
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a reload that fails is said, and tried again with the next refresh`(root: BoxRoot) throws {
        try Emulator.serving { emulator in
            let box = try start(
                root, reload: "test -e /run/repaired", emulator,
                settings: "DynamicUser=no\nUser=root\nAmbientCapabilities=")
            try emulator.rotate("db-password", to: "c4n4ry-second")
            try box.check("systemctl", "kill", "--kill-whom=main", "--signal=HUP", Self.sidecar)
            let isSaid = try eventually {
                try box.journal("LATCHKEY_CODE=unit-reload-failed").contains("its reload failed")
            }
            try #require(isSaid, "\(journal(box))")
            try box.check("touch", "/run/repaired")
            try box.check("systemctl", "kill", "--kill-whom=main", "--signal=HUP", Self.sidecar)
            let isDone = try eventually { try !box.journal("LATCHKEY_CODE=unit-reloaded").isEmpty }
            try #require(isDone, "\(journal(box))")
        }
    }

    @Test(.enabled(if: Programs.installed("nginx") != nil, "nginx is not installed"))
    func `nginx serves the new certificate after a rotation`() throws {
        func seed(days: Int) -> String {
            """
            [vaults.demo.secrets]
            db-password = "c4n4ry-database"
            [vaults.demo.certificates.web-tls]
            subject = "CN=web.example.org"
            key = "EC"
            issued = true
            format = "pem"
            days = \(days)
            """
        }
        try Emulator.serving(seed(days: 365)) { emulator in
            let box = try Box()
            try emulator.configure(
                "web", command: "",
                "[files.\"web.pem\"]\ncertificate = \"web-tls\"\n[refresh]\nevery = \"off\"\nunit = \"nginx\"\n",
                in: box)
            let pem = "/run/latchkey/web/secrets/web.pem"
            try box.write(
                "/etc/nginx/nginx.conf",
                """
                pid /run/nginx.pid;
                events {}
                http {
                    server {
                        listen unix:/run/web.sock ssl;
                        ssl_certificate \(pem);
                        ssl_certificate_key \(pem);
                        location / { return 200; }
                    }
                }
                """)
            let rule = try Box.shipped("latchkey-reload.rules")
            try box.write("/etc/polkit-1/rules.d/50-latchkey-web.rules", rule)
            try box.check("useradd", "--system", "latchkey_web")
            try box.check("systemctl", "start", "dbus.socket", "polkit", Self.sidecar)
            try box.check("systemctl", "start", "nginx")
            func served() throws -> String {
                try box.check(
                    "sh", "-c",
                    "openssl s_client -unix /run/web.sock </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256"
                )
            }
            func delivered() throws -> String {
                try box.check("openssl", "x509", "-in", pem, "-noout", "-fingerprint", "-sha256")
            }
            let before = try served()
            #expect(try before == delivered())
            let process = try box.property("MainPID", of: "nginx")
            try emulator.reseed(seed(days: 366))
            // The emulator reads its seed anew in its own time.
            let isNew = try eventually {
                try box.check("systemctl", "reload", Self.sidecar)
                return try served() != before
            }
            try #require(isNew, "\(journal(box))")
            // nginx takes connections with its old workers for a moment, and a reload may be followed by another.
            let isSame = try eventually { try served() == delivered() }
            #expect(isSame)
            #expect(try box.property("MainPID", of: "nginx") == process)
        }
    }
}
