import Foundation
import Glibc
import Supervision
import Testing
import WorkerProtocol

struct StatusDocumentTests {
    private func object(_ document: StatusDocument) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(document.json)) as? [String: Any])
    }

    private func document(_ fixture: Fixture, instance: String = "web") -> StatusDocument {
        StatusDocument(
            instance: instance, process: 7, child: fixture.machine.child?.pid, status: fixture.machine.status,
            pending: fixture.machine.pending)
    }

    @Test func `a start is a document of schema 1`() throws {
        var fixture = Fixture()
        fixture.begin()
        let object = try object(document(fixture))
        #expect(object["schema"] as? Int == 1)
        #expect(object["state"] as? String == "starting")
        #expect(object["pid"] as? Int == 7)
        #expect(object["child_pid"] is NSNull)
        #expect(object["last_error"] is NSNull)
        #expect((object["secrets"] as? [Any])?.isEmpty == true)
    }

    @Test func `the sockets of the child are told`() throws {
        var fixture = Fixture(
            plan: Fixture.plan {
                $0.listen = [
                    ListenAddress(name: "http", place: .tcp(host: "::", port: 8080)),
                    ListenAddress(place: .unix(path: "/run/web.sock", mode: 0o660, user: 0, group: 0)),
                ]
            })
        fixture.begin()
        let document = StatusDocument(
            instance: "web", process: 7, child: nil, status: fixture.machine.status,
            listening: fixture.machine.plan.listen)
        #expect(
            try object(document)["listen"] as? [[String: String]] == [
                ["name": "http", "address": "tcp:[::]:8080"], ["name": "unknown", "address": "unix:/run/web.sock"],
            ])
    }

    @Test func `a running instance tells its times and its secrets`() throws {
        var fixture = Fixture()
        fixture.begin()
        let report = fixture.report { $0.statusJSON = Array("[{\"name\": \"db\"}]".utf8) }
        fixture.handle(.workerMessage(.finished(report)))
        fixture.handle(.childStarted(pid: 200))
        let object = try object(document(fixture))
        #expect(object["state"] as? String == "fresh")
        #expect(object["child_pid"] as? Int == 200)
        #expect(object["refreshed_at"] as? String == "1970-01-01T00:16:40Z")
        #expect(object["next_refresh_at"] as? String == "1970-01-01T00:21:40Z")
        #expect((object["secrets"] as? [[String: String]]) == [["name": "db"]])
    }

    @Test(arguments: ["plain", "quo\"te", "back\\slash", "line\nend", "bell\u{7}", "\u{2028}", "grüße", "\u{1F511}"])
    func `whatever stands in a text, the document is JSON`(text: String) throws {
        var fixture = Fixture()
        fixture.start()
        fixture.refresh(fixture.failure(text))
        let object = try object(document(fixture, instance: text))
        let error = try #require(object["last_error"] as? [String: Any])
        #expect(error["message"] as? String == text)
        #expect(object["instance"] as? String == text)
        #expect(object["state"] as? String == "failing")
    }

    @Test func `an attempt that began is told before it has ended`() throws {
        var fixture = Fixture()
        fixture.start()
        #expect(fixture.signal(SIGHUP).contains(.writeStatus))
        let object = try object(document(fixture))
        #expect(object["attempt"] as? Int == 1)
        #expect(object["started_attempt"] as? Int == 2)
    }

    @Test func `what is owed is told with its receiver and names`() throws {
        var fixture = Fixture(plan: Fixture.plan { $0.action = .exec(["/bin/reload", "argument"]) })
        fixture.start()
        #expect((try object(document(fixture))["pending"] as? [Any])?.isEmpty == true)
        fixture.refresh(
            fixture.report {
                $0.filesChanged = true
                $0.changedNames = ["b", "a"]
            })
        let pending = try #require(try object(document(fixture))["pending"] as? [[String: Any]])
        #expect(pending.count == 1)
        #expect(pending.first?["action"] as? String == "exec")
        #expect(pending.first?["receiver"] as? String == "the command on change '/bin/reload'")
        #expect(pending.first?["names"] as? [String] == ["a", "b"])
        #expect(pending.first?["since"] as? String == "1970-01-01T00:16:40Z")
        #expect(String(decoding: document(fixture).metrics, as: UTF8.self).contains("\nlatchkey_pending 1\n"))
    }

    @Test func `metrics are lines of the text format`() {
        var fixture = Fixture()
        fixture.start()
        fixture.refresh(fixture.failure())
        let text = String(decoding: document(fixture).metrics, as: UTF8.self)
        #expect(text.contains("latchkey_refresh_total{outcome=\"success\"} 1\n"))
        #expect(text.contains("latchkey_refresh_total{outcome=\"failure\"} 1\n"))
        #expect(text.contains("latchkey_refresh_failures_total{code=\"vault-unreachable\"} 1\n"))
        #expect(text.contains("\n# TYPE latchkey_next_refresh_timestamp_seconds gauge\n"))
        #expect(text.contains("latchkey_stale 1\n"))
        #expect(text.contains("latchkey_pending 0\n"))
        #expect(text.contains("latchkey_child_restarts_total 0\n"))
    }
}
