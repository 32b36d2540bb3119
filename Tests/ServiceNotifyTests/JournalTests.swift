import LinuxSystem
import Messages
import ServiceNotify
import Testing

struct JournalTests {
    private static let refusal = Message(
        .error, .secretDisabled, "secret 'db-password' is disabled", hint: "enable it", secret: "db-password",
        vault: "contoso-web")

    /// Takes a datagram apart as the journal does.
    private func fields(_ bytes: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
                fields[text(line[..<equals])] = text(line[(equals + 1)...])
            } else {
                let count = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                fields[text(line)] = text(rest.dropFirst(8).prefix(count))
                rest = rest.dropFirst(8 + count + 1)
            }
        }
        return fields
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `an entry has the message's parts as fields`() {
        #expect(
            fields(JournalEntry(Self.refusal, instance: "shop").bytes) == [
                "MESSAGE": "error[secret-disabled]: secret 'db-password' is disabled\nhint: enable it",
                "PRIORITY": "3", "SYSLOG_IDENTIFIER": "latchkey", "LATCHKEY_CODE": "secret-disabled",
                "LATCHKEY_SECRET": "db-password", "LATCHKEY_VAULT": "contoso-web", "LATCHKEY_INSTANCE": "shop",
            ])
    }

    @Test func `a state that operators look for has an id`() {
        let entry = JournalEntry(Message(.warning, .refreshFailed, "no"), instance: nil)
        #expect(fields(entry.bytes)["MESSAGE_ID"] == MessageCode.refreshFailed.journalID)
        #expect(fields(entry.bytes)["PRIORITY"] == "4")
    }

    @Test func `a name with a newline forges no field`() {
        let message = Message(.error, .secretMissing, "no\nPRIORITY=0", secret: "a\nLATCHKEY_CODE=x\n")
        let entry = fields(JournalEntry(message, instance: nil).bytes)
        #expect(entry["PRIORITY"] == "3")
        #expect(entry["LATCHKEY_CODE"] == "secret-missing")
        #expect(entry["LATCHKEY_SECRET"] == "a\\nLATCHKEY_CODE=x\\n")
    }

    @Test func `an entry arrives as one datagram`() throws {
        let manager = try LocalSocket.anonymous()
        let journal = try #require(Journal(address: manager.name))
        let entry = JournalEntry(Self.refusal, instance: nil)
        #expect(journal.send(entry))
        var buffer = [UInt8](repeating: 0, count: 8192)
        let message = try #require(try LocalSocket.receive(from: manager.socket.number, into: &buffer))
        #expect(Array(buffer.prefix(message.count)) == entry.bytes)
    }

    @Test func `an entry that nobody takes is refused and never waited for`() throws {
        let nobody = try #require(Journal(address: "@latchkey-no-journal-here"))
        #expect(!nobody.send(JournalEntry(Self.refusal, instance: nil)))
        let manager = try LocalSocket.anonymous()
        let journal = try #require(Journal(address: manager.name))
        var accepted = 0
        while accepted < 100_000, journal.send(JournalEntry(Self.refusal, instance: nil)) { accepted += 1 }
        #expect(accepted > 0 && accepted < 100_000, "a full queue refuses")
    }

    @Test(arguments: [nil, "", "0:0", "nonsense"])
    func `standard error that is not the journal's stream makes no journal`(stream: String?) {
        #expect(Journal(stream: stream) == nil)
    }
}

struct MessageCatalogTests {
    /// One entry of a message catalog (journald's `--update-catalog`).
    private struct Entry: Equatable {
        var subject: String
        var body: String
    }

    private func catalog() throws -> [String: Entry] {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let bytes = try ProcessFiles.contents("/\(root)/deploy/systemd/latchkey.catalog", limit: 1 << 20)
        var entries: [String: Entry] = [:]
        for part in "\n\(String(decoding: bytes, as: UTF8.self))".split(separator: "\n-- ").dropFirst() {
            let lines = part.split(separator: "\n", omittingEmptySubsequences: false)
            let subject = try #require(lines.first { $0.hasPrefix("Subject: ") })
            let body = lines.drop { !$0.isEmpty }.joined(separator: " ")
            entries[String(lines[0])] = Entry(subject: String(subject.dropFirst(9)), body: body)
        }
        return entries
    }

    @Test func `the catalog explains every id, and no other`() throws {
        let identifiers = MessageCode.allCases.compactMap(\.journalID)
        #expect(Set(identifiers).count == identifiers.count, "an id twice")
        #expect(Set(try catalog().keys) == Set(identifiers))
    }

    @Test(arguments: MessageCode.allCases.filter { $0.journalID != nil })
    func `an explanation says what has happened and what to do`(code: MessageCode) throws {
        let identifier = try #require(code.journalID)
        let entry = try #require(try catalog()[identifier])
        #expect(entry.subject.lowercased() == code.entry.meaning.lowercased())
        #expect(entry.body.contains(code.rawValue))
        #expect(entry.body.contains(code.entry.remedy))
    }
}
