import Foundation
import LinuxSystem
import Testing

/// Who tries to speak to the service manager through the socket of a child that notifies itself.
@Suite(.enabled(if: ForeignUser.obstacle == nil, "\(ForeignUser.obstacle ?? "")"))
struct NotificationAttackTests {
    /// Floods a socket with what a child may say, from four processes. The name is no secret: /proc/net/unix has it.
    private static let flood = """
        import os, socket, sys
        for _ in range(2): os.fork()
        link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        link.setblocking(False)
        words = b"READY=1\\nSTATUS=flood\\nSTOPPING=1"
        print("flooding", flush=True)
        while True:
            try: link.sendto(words, b"\\0" + sys.argv[1][1:].encode())
            except OSError: pass
        """

    @Test func `a flood of another user's messages costs the child none of its own, and none comes through`() throws {
        let python = "/usr/bin/python3"
        // Another one in PATH may be out of the attacker's reach.
        try #require(FileManager.default.isExecutableFile(atPath: python), "python3 is not installed")
        let manager = try LocalSocket.anonymous()
        try Emulator.serving { azure in
            let stage = try ForeignUser(0, azure)
            let messages = (1...500).map { "STATUS=\($0)" }
            let gate = stage.scratch.path + "/gate"
            try #require(unsafe mkfifo(gate, 0o600) == 0)
            let launch = try stage.start(
                "run",
                ["-e", "A=db-password", "--notify", "child", "--", "/bin/sh", "-c"]
                    + ["echo $NOTIFY_SOCKET; read -r x <\(gate); exec \(stage.probe) notify \"$@\"", "sh", "READY=1"]
                    + messages,
                environment: ["NOTIFY_SOCKET": manager.name])
            try #require(launch.output.wait { $0.contains("\n") }, "\(launch.errors.text)")
            let socket = try #require(launch.output.text.split(separator: "\n").first.map(String.init))
            let attacker = try Launch(
                try #require(Programs.installed("setpriv")),
                ForeignUser.becoming(65_533) + [python, "-c", Self.flood, socket])
            try attacker.expect(line: "flooding", count: 4)
            try "go\n".write(toFile: gate, atomically: false, encoding: .utf8)
            var told: [String] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            let isOver = try eventually {
                while let message = try LocalSocket.receive(from: manager.socket.number, into: &buffer) {
                    told.append(String(decoding: buffer.prefix(message.count), as: UTF8.self))
                }
                return told.contains { $0.hasPrefix("STOPPING=1") }
            }
            #expect(isOver)
            #expect(try launch.end().ending == .code(0))
            #expect(told.filter { messages.contains($0) } == messages)
            #expect(told.count { $0 == "READY=1" } == 1 && !told.contains { $0.contains("flood") })
            for process in ProcessTree.descendants(of: attacker.pid) { kill(process, SIGKILL) }
            try attacker.end(SIGKILL)
        }
    }
}

/// The same, as a real service manager takes what is passed on.
@Suite(.serialized, .enabled(if: Box.obstacle == nil, "\(Box.obstacle ?? "")"))
struct ManagerAttackTests {
    @Test(arguments: BoxRoot.available, ["\\r", "\\n", "\\r\\n", "\\n\\r"])
    func `a child makes no other process the unit's, whatever ends its lines`(root: BoxRoot, end: String) throws {
        let box = try Box(root)
        try Emulator.serving { emulator in
            try box.write("/etc/systemd/system/victim.service", "[Service]\nExecStart=/usr/bin/latchkey-probe sleep\n")
            try emulator.configure("shop", command: "", "[env]\nA = \"db-password\"\n", in: box)
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "victim")
            let victim = try box.property("MainPID", of: "victim")
            let words = "READY=1\(end)MAINPID=\(victim)\(end)NOTIFYACCESS=all"
            try box.write(
                "/etc/latchkey/attack.sh",
                "exec /usr/bin/latchkey-probe notify --stay \"$(printf '\(words)')\" STATUS=taken\n")
            try box.write(
                "/etc/systemd/system/shop.service",
                """
                [Service]
                Type=notify
                RuntimeDirectory=shop
                EnvironmentFile=/etc/latchkey/shop.env
                ExecStart=/usr/bin/latchkey run --config /etc/latchkey/shop.toml --user nobody --notify child \
                    -- /bin/sh /etc/latchkey/attack.sh
                """)
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "shop")
            #expect(try eventually { try box.property("StatusText", of: "shop") == "taken" })
            #expect(try box.property("MainPID", of: "shop") != victim)
            #expect(try box.property("NotifyAccess", of: "shop") == "main")
            try box.check("systemctl", "stop", "shop")
            #expect(try box.property("ActiveState", of: "victim") == "active")
        }
    }
}
