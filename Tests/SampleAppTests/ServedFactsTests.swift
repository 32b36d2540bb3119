import Foundation
import Testing

/// What the app says to programs.
@Suite struct ServedFactsTests {
    /// One secret of a status.
    static func entry(_ target: String, version: String, name: String = "any") -> String {
        #"{"name":"\#(name)","vault":"https://demo.vault.localhost","type":"secret","version":"\#(version)","#
            + #""target":"\#(target)","updated":"2026-01-02T03:04:05Z","expires":null}"#
    }

    static func status(_ entries: [String], state: String = "fresh", generation: Int = 1) -> String {
        #"{"schema":1,"instance":"web","pid":1,"child_pid":2,"state":"\#(state)","generation":\#(generation),"#
            + #""attempt":1,"refreshed_at":null,"next_refresh_at":null,"last_error":null,"#
            + #""secrets":[\#(entries.joined(separator: ","))]}"#
    }

    @Test func `names, lengths and fingerprints are told, and no value`() throws {
        let app = try RunningSampleApp(
            files: ["db-password": "canary-of-a-file", "tls/key.pem": ""],
            variables: [("SMTP_PASSWORD", [UInt8]("canary-of-a-variable".utf8)), ("BYTES", [0xff, 0xfe, 0x41])],
            options: ["--env", "SMTP_PASSWORD", "--env", "BYTES", "--env", "ABSENT"])
        let facts = try app.facts()
        #expect(facts.secrets.map(\.name) == ["BYTES", "SMTP_PASSWORD", "db-password", "tls/key.pem"])
        #expect(facts.secrets.map(\.origin) == ["environment", "environment", "file", "file"])
        #expect(facts.secrets.map(\.length) == [3, 20, 16, 0])
        #expect(facts.secrets.allSatisfy { $0.fingerprint?.wholeMatch(of: /[0-9a-f]{8}/) != nil })
        #expect(Set(facts.secrets.map(\.fingerprint)).count == 4)
        #expect(facts.process.pid == app.identifier)
        let everything = try ["/", "/api/secrets", "/page.js", "/page.css"].map(app.get).joined() + app.said
        #expect(!everything.contains("canary"))
    }

    @Test func `equal values have equal fingerprints in one process, and others in another`() throws {
        let files = ["one": "same", "two": "same", "three": "other"]
        let first = try RunningSampleApp(files: files).facts()
        let second = try RunningSampleApp(files: files).facts()
        #expect(first["one"]?.fingerprint == first["two"]?.fingerprint)
        #expect(first["one"]?.fingerprint != first["three"]?.fingerprint)
        #expect(first["one"]?.fingerprint != second["one"]?.fingerprint)
    }

    @Test func `the handler for HUP is there before the address is`() throws {
        let app = try RunningSampleApp()
        let status = try String(contentsOfFile: "/proc/\(app.identifier)/status", encoding: .utf8)
        let caught = try #require(status.firstMatch(of: /SigCgt:\s*([0-9a-f]+)/)?.output.1)
        #expect(try #require(UInt64(caught, radix: 16)) & 1 == 1)
    }

    @Test func `files are read anew at a HUP, and not before`() throws {
        let app = try RunningSampleApp(files: ["changing": "before", "staying": "same", "going": "soon"])
        let before = try app.facts()
        let watcher = try Connection(port: app.port, path: "/events")
        #expect(try watcher.facts { _ in true }.secrets == before.secrets)

        try app.deliver(["changing": "and after", "staying": "same", "new": "here"])
        #expect(try app.facts().secrets == before.secrets)

        app.send(SIGHUP)
        let after = try watcher.facts { $0.process.hangUps == 1 }
        #expect(after["changing"]?.length == 9)
        #expect(after["changing"]?.previousFingerprint == before["changing"]?.fingerprint)
        #expect(after["changing"]?.changes == 1)
        #expect(after["staying"] == before["staying"])
        #expect(after["going"]?.state == "gone")
        #expect(after["new"]?.changes == 1)
        #expect(after.events.map(\.kind) == ["hang-up", "start"])
        #expect(after.events.first?.changed == ["changing", "going", "new"])

        app.send(SIGHUP)
        #expect(try watcher.facts { $0.process.hangUps == 2 }.events.first?.changed == [])
    }

    @Test func `a directory without generations is read as it is`() throws {
        let app = try RunningSampleApp(files: ["plain": "value", "sub/plain": "other"], linked: false)
        #expect(try app.facts().secrets.map(\.name) == ["plain", "sub/plain"])
    }

    @Test func `versions come from the instance's status, and variables too unless named`() throws {
        let status = Self.status([
            Self.entry("env:API_KEY", version: "aaaa", name: "api-key"),
            Self.entry("file:tls/key.pem", version: "bbbb", name: "web-tls"),
        ])
        let app = try RunningSampleApp(
            files: ["tls/key.pem": "key"], status: status, variables: [("API_KEY", Array("k".utf8))])
        let facts = try app.facts()
        #expect(facts.secrets.map(\.name) == ["API_KEY", "tls/key.pem"])
        #expect(facts.secrets.map(\.version) == ["aaaa", "bbbb"])
        #expect(facts.secrets.map(\.secret) == ["api-key", "web-tls"])
        #expect(facts.latchkey?.state == "fresh")
        #expect(facts.latchkey?.generation == 1)
    }

    @Test func `one secret in two places and two secrets in one place are told`() throws {
        let status = Self.status([
            Self.entry("env:API_KEY, file:app.env", version: "aaaa", name: "api-key"),
            Self.entry("file:app.env", version: "bbbb", name: "smtp"),
        ])
        let app = try RunningSampleApp(
            files: ["app.env": "both"], status: status, variables: [("API_KEY", Array("k".utf8))])
        let facts = try app.facts()
        #expect(facts.secrets.map(\.secret) == ["api-key", "api-key + smtp"])
        #expect(facts.secrets.map(\.version) == ["aaaa", "aaaa + bbbb"])
    }

    @Test func `a variable's newer version needs a restart, a file's needs a signal`() throws {
        func status(_ version: String, _ generation: Int) -> String {
            Self.status(
                [Self.entry("env:API_KEY", version: version), Self.entry("file:key", version: version)],
                generation: generation)
        }
        let app = try RunningSampleApp(
            files: ["key": "old"], status: status("aaaa", 1), variables: [("API_KEY", Array("k".utf8))])
        let watcher = try Connection(port: app.port, path: "/events")
        try app.deliver(["key": "new"])
        try app.writeStatus(status("bbbb", 2))
        let waiting = try watcher.facts { $0.latchkey?.generation == 2 }
        #expect(waiting.secrets.map(\.state) == ["needs-restart", "needs-signal"])
        #expect(waiting.secrets.map(\.version) == ["aaaa", "aaaa"])
        #expect(waiting.secrets.map(\.newerVersion) == ["bbbb", "bbbb"])

        app.send(SIGHUP)
        let told = try watcher.facts { $0.process.hangUps == 1 }
        #expect(told.secrets.map(\.state) == ["needs-restart", "current"])
        #expect(told.secrets.map(\.version) == ["aaaa", "bbbb"])
    }

    @Test func `a status that is written after the signal still brings the version`() throws {
        let app = try RunningSampleApp(
            files: ["key": "old"], status: Self.status([Self.entry("file:key", version: "aaaa")]))
        let watcher = try Connection(port: app.port, path: "/events")
        try app.deliver(["key": "new"])
        app.send(SIGHUP)
        #expect(try watcher.facts { $0.process.hangUps == 1 }["key"]?.changes == 1)
        try app.writeStatus(Self.status([Self.entry("file:key", version: "bbbb")], generation: 2))
        let later = try watcher.facts { $0.latchkey?.generation == 2 }
        #expect(later["key"]?.state == "current")
        #expect(later["key"]?.version == "bbbb")
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{}", #"{"secrets":7}"#, #"{"secrets":[7,null,{}]}"#, #"{"secrets":[{"target":null}]}"#,
        #"{"state":7,"generation":"x","last_error":"y","secrets":{"a":1}}"#,
    ])
    func `a status of any other shape is passed over`(status: String) throws {
        let app = try RunningSampleApp(files: ["key": "value"], status: status)
        #expect(try app.facts().secrets.map(\.name) == ["key"])
        #expect(try app.facts()["key"]?.version == nil)
    }

    @Test(arguments: ["/", "/page.css", "/page.js", "/icon.svg", "/api/secrets", "/healthz"])
    func `every answer forbids all that is not its own`(path: String) throws {
        let answer = try RunningSampleApp().get(path).lowercased()
        #expect(answer.hasPrefix("http/1.1 200"))
        #expect(answer.contains("content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'"))
        #expect(answer.contains("frame-ancestors 'none'"))
        #expect(!answer.contains("unsafe-inline"))
        #expect(answer.contains("x-content-type-options: nosniff"))
        #expect(answer.contains("cache-control: no-store"))
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `it ends with 0 while somebody watches`(signal: CInt) throws {
        let app = try RunningSampleApp()
        let watcher = try Connection(port: app.port, path: "/events")
        _ = try watcher.nextEvent()
        app.send(signal)
        #expect(app.end() == 0)
    }
}
