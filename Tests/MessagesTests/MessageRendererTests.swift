import Messages
import Testing

private let noon = UTCTime(seconds: 1_763_899_450, nanoseconds: 42_000_000)

private func disabled(hint: String? = "enable it") -> Message {
    Message(
        .error,
        Diagnosis(
            .secretDisabled, exit: .denied, "vault 'contoso-web': secret 'db-password' is disabled", hint: hint,
            secret: "db-password", vault: "contoso-web"))
}

@Suite struct MessageRendererTests {
    @Test func `a message is one line, and its hint another`() {
        let lines = MessageRenderer(format: .text).render(disabled(), at: noon)
        #expect(
            lines == """
                latchkey: error[secret-disabled]: vault 'contoso-web': secret 'db-password' is disabled
                latchkey: hint: enable it

                """)
    }

    @Test func `without a hint there is one line`() {
        let lines = MessageRenderer(format: .text).render(Message(.info, .refreshed, "2 secrets"), at: noon)
        #expect(lines == "latchkey: info[refreshed]: 2 secrets\n")
    }

    @Test func `the journal's fallback has the priority in front of both lines`() {
        let lines = MessageRenderer(format: .journal, colour: true).render(disabled(), at: noon)
        #expect(
            lines == """
                <3>latchkey: error[secret-disabled]: vault 'contoso-web': secret 'db-password' is disabled
                <3>latchkey: hint: enable it

                """)
    }

    @Test func `JSON carries the same as fields`() {
        let line = MessageRenderer(format: .json, instance: "web").render(disabled(), at: noon)
        #expect(
            line == #"{"time":"2025-11-23T12:04:10.042Z","level":"error","code":"secret-disabled","#
                + #""message":"vault 'contoso-web': secret 'db-password' is disabled","hint":"enable it","#
                + #""secret":"db-password","vault":"contoso-web","instance":"web"}"# + "\n")
    }

    @Test func `JSON leaves out what is not known`() {
        let line = MessageRenderer(format: .json).render(Message(.debug, .refreshed, "done"), at: noon)
        #expect(
            line == #"{"time":"2025-11-23T12:04:10.042Z","level":"debug","code":"refreshed","message":"done"}"# + "\n")
    }

    @Test func `colours are there only when asked for`() {
        let plain = MessageRenderer(format: .text).render(disabled(), at: noon)
        let coloured = MessageRenderer(format: .text, colour: true).render(disabled(), at: noon)
        #expect(!plain.contains("\u{1b}"))
        #expect(coloured.hasPrefix("latchkey: \u{1b}[1;31merror[secret-disabled]:\u{1b}[0m vault"))
    }

    @Test(arguments: [MessageFormat.text, .json, .journal])
    func `no line is longer than a kibibyte, whatever is in it`(format: MessageFormat) {
        let endless = String(repeating: "ä\u{1b}\"", count: 4000)
        let message = Message(
            .error,
            Diagnosis(.vaultAnswer, exit: .protocolFailure, endless, hint: endless, secret: endless, vault: endless))
        let text = MessageRenderer(format: format, instance: endless).render(message, at: noon)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == (format == .json ? 2 : 3))
        #expect(lines.allSatisfy { $0.utf8.count < 1024 })
        #expect(lines[0].contains("…"))
        #expect(text.utf8.count > 1000)
        if format == .json { #expect(lines[0].hasSuffix("\"}")) }
    }

    @Test func `a short hint leaves its room to a long message`() {
        let message = Message(.error, .vaultAnswer, String(repeating: "a", count: 2000), hint: "see there")
        let line = MessageRenderer(format: .json).render(message, at: noon)
        #expect(line.utf8.count == 1024)
        #expect(line.hasSuffix("a…\",\"hint\":\"see there\"}\n"))
    }
}

@Suite struct PrintableTextTests {
    @Test(arguments: [
        ("a\nb\r\tc", #"a\nb\r\tc"#),
        ("\u{1b}[31m", #"\u{1b}[31m"#),
        ("\u{7f}\u{9b}\u{0}", #"\u{7f}\u{9b}\u{0}"#),
        ("evil\u{202e}txt", #"evil\u{202e}txt"#),
        ("\u{2066}x\u{2069}\u{200b}\u{feff}\u{2028}", #"\u{2066}x\u{2069}\u{200b}\u{feff}\u{2028}"#),
        ("\u{e0041}", #"\u{e0041}"#),
        ("Grüße, 'world' \\ 日本 👩‍🚀", "Grüße, 'world' \\ 日本 👩\\u{200d}🚀"),
    ])
    func `what a terminal would act on is written out`(text: String, written: String) {
        #expect(PrintableText.escaped(text) == written)
    }

    @Test(arguments: [
        ("abcdef", 6, "abcdef"), ("abcdef", 5, "ab…"), ("äöü", 6, "äöü"), ("äöüß", 6, "ä…"), ("abc", 2, "…"),
        ("ab\u{1b}c", 8, "ab…"), ("", 0, ""),
    ])
    func `a long text is cut between characters`(text: String, limit: Int, cut: String) {
        #expect(PrintableText.clipped(text, to: limit) == cut)
    }
}

@Suite struct UTCTimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_763_899_450, "2025-11-23T12:04:10Z"),
            (-1, "1969-12-31T23:59:59Z"), (4_102_444_799, "2099-12-31T23:59:59Z"), (.max, "9999-12-31T23:59:59Z"),
            (.min, "0000-01-01T00:00:00Z"), (1_709_164_800, "2024-02-29T00:00:00Z"),
        ] as [(Int64, String)])
    func `a moment is written as RFC 3339 has it`(seconds: Int64, text: String) {
        #expect(UTCTime(seconds: seconds).rfc3339 == text)
    }

    @Test func `the time of day stands alone for people`() {
        #expect(noon.timeOfDay == "12:04:10Z")
    }
}
