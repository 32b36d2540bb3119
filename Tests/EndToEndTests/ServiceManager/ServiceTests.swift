import Foundation
import Testing

/// Units with a wrapped command, under a real systemd.
@Suite(.serialized, .enabled(if: Box.obstacle == nil, "\(Box.obstacle ?? "")"))
struct ServiceTests {
    private static let reader = "/usr/bin/latchkey-probe print-on HUP --env DB_PASSWORD db"
    private static let delivery = """
        [env]
        DB_PASSWORD = "db-password"
        [files]
        db = "db-password"
        [refresh]
        on-change = "signal"
        """

    private static let childNotifies = "\n[child]\nnotify = \"child\"\n"

    @Test(.enabled(if: BoxRoot.newerObstacle == nil, "\(BoxRoot.newerObstacle ?? "")"))
    func `there is a systemd that knows notify-reload`() throws {
        let version = try Box(.newer).check("systemctl", "--version")
        let number = try #require(version.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        #expect(number >= 253)
    }

    @Test(arguments: BoxRoot.available)
    func `the shipped template starts, reloads and stops a command`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            try emulator.configure("shop", command: Self.reader, Self.delivery, in: box)
            // What many units are hardened by: a call that is not in the set is death.
            try box.write(
                "/etc/systemd/system/latchkey@shop.service.d/filter.conf",
                "[Service]\nSystemCallFilter=@system-service\nMemoryDenyWriteExecute=yes\n")
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "latchkey@shop")
            let unit = "latchkey@shop.service"
            try box.expect("ready", of: unit)
            let before = fingerprint("c4n4ry-database")
            #expect(try box.lines(of: unit).contains("env=DB_PASSWORD " + before))
            #expect(try box.property("ActiveState", of: unit) == "active")
            let words = /1 secret of 1 vault, refreshed \d\d:\d\d:\d\d, next \d\d:\d\d/
            #expect(try box.property("StatusText", of: unit).wholeMatch(of: words) != nil)

            // The answer takes its time, and the reload takes as long.
            try emulator.rotate("db-password", to: "c4n4ry-second")
            try emulator.fault(#"{"endpoint":"vault","delay":"700ms"}"#)
            try box.check("systemctl", "reload", unit)
            let text = try box.check("/usr/bin/latchkey", "status", "--json", "--instance", "shop")
            let status = try #require(
                try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            #expect(status["generation"] as? Int == 2)
            #expect(status["state"] as? String == "fresh")
            try box.expect("end", of: unit)
            let line = try #require(try box.lines(of: unit).last { $0.hasPrefix("file=db ") })
            #expect(line.contains(fingerprint("c4n4ry-second")))

            try box.check("systemctl", "stop", unit)
            #expect(try box.property("Result", of: unit) == "success")
            #expect(try box.run("test", "-e", "/run/latchkey/shop").ending == .code(1))
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a unit's own command means its own instance, and root finds all of them by name`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            for (name, directory) in [("one", "latchkey/%i"), ("two", "somewhere-else")] {
                try emulator.configure(name, command: Self.reader, Self.delivery, in: box)
                try box.write(
                    "/etc/systemd/system/latchkey@\(name).service.d/directory.conf",
                    "[Service]\nRuntimeDirectory=\nRuntimeDirectory=\(directory)\n"
                        + "ExecReload=\nExecReload=/usr/bin/env -u LATCHKEY_INSTANCE /usr/bin/latchkey refresh --wait\n"
                )
            }
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "latchkey@one", "latchkey@two")
            for name in ["one", "two"] {
                try box.check("systemctl", "reload", "latchkey@\(name)")
                let status = try box.check("/usr/bin/latchkey", "status", "--instance", name)
                #expect(status.hasPrefix("instance") && status.contains(name))
            }
            let several = try box.run("/usr/bin/latchkey", "status")
            #expect(several.ending == .code(64))
            #expect(several.errors.contains("several instances are running: 'one', 'two'"))
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a reload whose refresh fails says so, and the command runs on`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            try emulator.configure("shop", command: Self.reader, Self.delivery, in: box)
            try box.check("systemctl", "start", "latchkey@shop")
            let process = try box.property("MainPID", of: "latchkey@shop")
            try emulator.rotate("db-password", to: "c4n4ry-second")
            try emulator.fault(#"{"endpoint":"vault","path":"db-password","error":"forbidden-by-rbac"}"#)
            #expect(try box.run("systemctl", "reload", "latchkey@shop").ending == .code(1))
            #expect(try box.property("ActiveState", of: "latchkey@shop") == "active")
            #expect(try box.property("MainPID", of: "latchkey@shop") == process)
            #expect(try box.property("StatusText", of: "latchkey@shop").contains(", failing: "))
            let found = try box.journal("LATCHKEY_CODE=refresh-failed", "LATCHKEY_SECRET=db-password")
            #expect(found.contains("warning[refresh-failed]"))
            let explained = try box.check(
                "journalctl", "--quiet", "--catalog", "--output=short", "LATCHKEY_CODE=refresh-failed")
            #expect(explained.contains("Latchkey's code for this is refresh-failed"))
        }
    }

    @Test(.enabled(if: BoxRoot.newerObstacle == nil, "\(BoxRoot.newerObstacle ?? "")"))
    func `notify-reload waits for the refresh without another program`() throws {
        let box = try Box(.newer)
        try Emulator.serving { emulator in
            try emulator.configure("shop", command: Self.reader, Self.delivery, in: box)
            try box.write(
                "/etc/systemd/system/latchkey@shop.service.d/reload.conf",
                "[Service]\nType=notify-reload\nExecReload=\n")
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "latchkey@shop")
            try emulator.rotate("db-password", to: "c4n4ry-second")
            try emulator.fault(#"{"endpoint":"vault","delay":"700ms"}"#)
            try box.check("systemctl", "reload", "latchkey@shop")
            let status = try box.check("/usr/bin/latchkey", "status", "--json", "--instance", "shop")
            #expect(status.contains("\"generation\": 2"))
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a hang of the supervisor is a missed watchdog, and a restart`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            try emulator.configure("shop", command: Self.reader, Self.delivery, in: box)
            try box.write(
                "/etc/systemd/system/latchkey@shop.service.d/watchdog.conf",
                "[Service]\nWatchdogSec=1s\nTimeoutAbortSec=1s\nRestartSec=0\n")
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "latchkey@shop")
            let process = try box.property("MainPID", of: "latchkey@shop")
            try box.check("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "latchkey@shop")
            let isRestarted = try eventually {
                let now = try box.property("MainPID", of: "latchkey@shop")
                return now != process && now != "0"
            }
            #expect(isRestarted)
            try box.expect("ready", of: "latchkey@shop.service", count: 2)
            #expect(try box.journal("--unit=latchkey@shop.service").contains("Watchdog timeout"))
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a first fetch that is retried outlasts the manager's time-out`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            try emulator.configure("shop", command: Self.reader, Self.delivery, in: box)
            try box.write("/etc/systemd/system/latchkey@shop.service.d/start.conf", "[Service]\nTimeoutStartSec=1s\n")
            try box.check("systemctl", "daemon-reload")
            try emulator.fault(#"{"endpoint":"vault","status":429,"retry-after":2,"times":1}"#)
            try box.check("systemctl", "start", "latchkey@shop")
            #expect(try box.journal("LATCHKEY_CODE=start-retrying").contains("warning[start-retrying]: vault 'demo'"))
            #expect(try box.property("NRestarts", of: "latchkey@shop") == "0")
        }
    }

    @Test(arguments: BoxRoot.available)
    func `the worker's entries and the supervisor's have the same fields`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            try emulator.configure("shop", command: Self.reader, Self.delivery, in: box)
            try emulator.fault(#"{"endpoint":"vault","status":429,"retry-after":1,"times":1}"#)
            try box.check("systemctl", "start", "latchkey@shop")
            try emulator.fault(#"{"endpoint":"vault","path":"db-password","error":"forbidden-by-rbac"}"#)
            #expect(try box.run("systemctl", "reload", "latchkey@shop").ending == .code(1))
            func entry(_ code: String, _ program: String) throws -> [String: Any] {
                let text = try box.check(
                    "journalctl", "--quiet", "--lines=1", "--output=json", "LATCHKEY_CODE=\(code)",
                    "_COMM=\(program)")
                let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
                return try #require(object as? [String: Any])
            }
            let worker = try entry("start-retrying", "latchkey-worker")
            let supervisor = try entry("refresh-failed", "latchkey")
            func own(_ entry: [String: Any]) -> Set<String> { Set(entry.keys.filter { !$0.hasPrefix("_") }) }
            // The one is about a vault, the other about a secret of it too.
            #expect(own(worker).union(["LATCHKEY_SECRET"]) == own(supervisor))
            for field in ["SYSLOG_IDENTIFIER", "_TRANSPORT", "_SYSTEMD_UNIT", "LATCHKEY_INSTANCE", "LATCHKEY_VAULT"] {
                let value = try #require(supervisor[field] as? String)
                #expect(worker[field] as? String == value, "\(field)")
            }
        }
    }

    @Test(arguments: BoxRoot.available)
    func `the command's own readiness, words, descriptors and barriers arrive`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            let messages = "MAINPID=1 --fd 1 FDSTORE=1 READY=1 STATUS=well BARRIER=1"
            let command = "/usr/bin/latchkey-probe notify --stay \(messages)"
            try emulator.configure("shop", command: command, Self.delivery + Self.childNotifies, in: box)
            try box.write(
                "/etc/systemd/system/latchkey@shop.service.d/store.conf", "[Service]\nFileDescriptorStoreMax=4\n")
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "latchkey@shop")
            try box.expect("barrier=closed", of: "latchkey@shop.service")
            #expect(try box.property("StatusText", of: "latchkey@shop") == "well")
            #expect(try box.property("MainPID", of: "latchkey@shop") != "1")
            #expect(try box.property("NFileDescriptorStore", of: "latchkey@shop") == "1")
            #expect(try box.property("ActiveState", of: "latchkey@shop") == "active")
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a command that says nothing is not ready, and misses the watchdog that is its own`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            let command = "/usr/bin/latchkey-probe notify --stay READY=1"
            try emulator.configure("shop", command: command, Self.delivery + Self.childNotifies, in: box)
            try box.write(
                "/etc/systemd/system/latchkey@shop.service.d/watchdog.conf",
                "[Service]\nWatchdogSec=1s\nTimeoutAbortSec=1s\nRestart=no\n")
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "latchkey@shop")
            #expect(try eventually { try box.property("Result", of: "latchkey@shop") == "watchdog" })

            try emulator.configure(
                "mute", command: "/usr/bin/latchkey-probe sleep", Self.delivery + Self.childNotifies, in: box)
            try box.write(
                "/etc/systemd/system/latchkey@mute.service.d/start.conf",
                "[Service]\nTimeoutStartSec=2s\nTimeoutAbortSec=1s\nRestart=no\n")
            try box.check("systemctl", "daemon-reload")
            #expect(try box.run("systemctl", "start", "latchkey@mute").ending == .code(1))
            #expect(try box.property("Result", of: "latchkey@mute") == "timeout")
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a socket reaches every incarnation of the command`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            let restart = Self.delivery.replacing("\"signal\"", with: "\"restart\"")
            try emulator.configure("shop", command: "/usr/bin/latchkey-probe listen", restart, in: box)
            try box.write(
                "/etc/systemd/system/latchkey@shop.socket",
                "[Socket]\nListenStream=/run/shop.sock\nFileDescriptorName=web\n")
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "latchkey@shop.socket", "latchkey@shop.service")
            let unit = "latchkey@shop.service"
            try box.expect("listen_pid=own", of: unit)
            try emulator.rotate("db-password", to: "c4n4ry-second")
            try box.check("systemctl", "reload", unit)
            try box.expect("listen_pid=own", of: unit, count: 2)
            #expect(try box.lines(of: unit).count { $0 == "fdnames=web" } == 2)
            #expect(Int32(try box.answer(of: "/run/shop.sock")) != nil, "the command's id")
            try box.expect("accepted=3", of: unit)
        }
    }

    @Test(arguments: BoxRoot.available)
    func `TERM reaches the command once`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            let command = "/usr/bin/latchkey-probe signals --count 2"
            let child = "\n[child]\nstop-timeout = \"1s\"\n"
            try emulator.configure("shop", command: command, Self.delivery + child, in: box)
            try box.check("systemctl", "start", "latchkey@shop")
            try box.expect("ready", of: "latchkey@shop.service")
            try box.check("systemctl", "stop", "latchkey@shop")
            let signals = try box.lines(of: "latchkey@shop.service").filter { $0.hasPrefix("signal=15 ") }
            #expect(signals.count == 1)
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a start that is refused is found by the secret's name`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            let toml = Self.delivery.replacing("\"db-password\"", with: "\"retired\"")
            try emulator.configure("shop", command: Self.reader, toml, in: box)
            try box.write("/etc/systemd/system/latchkey@shop.service.d/once.conf", "[Service]\nRestart=no\n")
            try box.check("systemctl", "daemon-reload")
            #expect(try box.run("systemctl", "start", "latchkey@shop").ending == .code(1))
            #expect(try box.property("ExecMainStatus", of: "latchkey@shop") == "77")
            let found = try box.journal("LATCHKEY_SECRET=retired", "LATCHKEY_VAULT=demo", "LATCHKEY_INSTANCE=shop")
            #expect(found.contains("error[secret-disabled]: vault 'demo': secret 'retired' is disabled"))
            #expect(found.contains("hint: "))
        }
    }

    @Test(arguments: BoxRoot.available)
    func `a unit that stays as it is gets files before it starts`(root: BoxRoot) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            try emulator.configure("plain", command: "", Self.delivery, in: box)
            try box.write(
                "/etc/systemd/system/plain.service",
                """
                [Service]
                Type=oneshot
                RemainAfterExit=yes
                DynamicUser=yes
                EnvironmentFile=/etc/latchkey/plain.env
                ExecStart=/usr/bin/latchkey-probe fingerprint db
                """)
            try box.write("/etc/systemd/system/plain.service.d/latchkey.conf", try Box.shipped("latchkey-sync.conf"))
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "plain")
            let line = try #require(try box.lines(of: "plain.service").first { $0.hasPrefix("file=db ") })
            #expect(line.contains(fingerprint("c4n4ry-database")))
        }
    }
}
