import Testing

@testable import HTTPTransport

@Suite struct AnswerHeadTests {
    private func take(_ lines: [String]) -> (AnswerHead, AnswerHead.Refusal?) {
        var head = AnswerHead()
        for line in lines {
            if let refusal = head.take(Array((line + "\r\n").utf8).span) { return (head, refusal) }
        }
        return (head, nil)
    }

    @Test func `names are kept as they came and found without regard to case`() {
        let (head, refusal) = take([
            "HTTP/1.1 200 OK", "X-Ms-Request-Id:\t 12 3 \t", "empty:", "x-ms-request-id: 4", "",
        ])
        #expect(refusal == nil)
        #expect(head.headers.fields.map(\.name) == ["X-Ms-Request-Id", "empty", "x-ms-request-id"])
        #expect(head.headers["x-MS-request-ID"] == "12 3")
        #expect(head.headers.all("X-MS-REQUEST-ID") == ["12 3", "4"])
        #expect(head.headers["empty"] == "")
        #expect(head.headers["x-ms-request-i"] == nil)
        // Only letters have a case.
        #expect(head.headers["x\u{0D}ms-request-id"] == nil)
    }

    @Test func `an interim answer's headers are gone with the next status line`() {
        let (head, _) = take([
            "HTTP/1.1 103 Early Hints", "link: a", "content-length: 5", "", "HTTP/1.1 200 OK", "b: c", "",
        ])
        #expect(head.headers.fields.map(\.name) == ["b"])
        #expect(head.contentLength == nil)
    }

    @Test func `a length is known before the body, and trailers are passed over`() {
        var (head, _) = take(["HTTP/1.1 200 OK", "CONTENT-LENGTH: 17", ""])
        #expect(head.contentLength == 17)
        head.bodyBegan = true
        #expect(head.take(Array("late: yes\r\n".utf8).span) == nil)
        #expect(head.headers["late"] == nil)
    }

    @Test(arguments: [": no name", " folded: line", "\tfolded", "no colon"])
    func `a line without a name ends the exchange`(line: String) {
        let (_, refusal) = take(["HTTP/1.1 200 OK", line])
        #expect(refusal == .malformed("a header line without a name"))
    }

    @Test func `an encoding that nobody asked for ends the exchange`() {
        #expect(take(["HTTP/1.1 200 OK", "Transfer-Encoding: Chunked"]).1 == nil)
        #expect(take(["HTTP/1.1 200 OK", "transfer-encoding: gzip"]).1 != nil)
    }

    @Test func `too many headers and too many bytes end the exchange`() {
        let most = AnswerHead.mostFields
        #expect(take(["HTTP/1.1 200 OK"] + (0..<most).map { "h\($0): v" }).1 == nil)
        #expect(take(["HTTP/1.1 200 OK"] + (0...most).map { "h\($0): v" }).1 == .tooLarge)
        #expect(take(["HTTP/1.1 200 OK", "h: " + String(repeating: "v", count: AnswerHead.mostBytes)]).1 == .tooLarge)
    }

    @Test(arguments: [
        ("7", 7_000), ("  30\t", 30_000), ("0", 1_000), ("99999999999999999999", 300_000), ("1 2", nil), ("-1", nil),
        ("soon", nil), ("", nil),
    ])
    func `a number of seconds is clamped, and anything else is nil`(text: String, milliseconds: Int64?) {
        let asked = retryAfter(in: HTTPHeaders([("Retry-After", text)]), wallClock: 0)
        #expect(asked == milliseconds.map { Duration.milliseconds($0) })
    }

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Sun, 32 Jan 1994 08:49:37 GMT", nil),
        ("Sun, 06 Nov 1994 24:49:37 GMT", nil),
        ("Sun, 06 Foo 1994 08:49:37 GMT", nil), ("yesterday", nil), ("", nil),
    ])
    func `a date is read in all three forms`(text: String, seconds: Int64?) {
        #expect(secondsSince1970(httpDate: text) == seconds)
    }
}
