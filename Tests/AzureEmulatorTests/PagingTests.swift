import AzureEmulator
import HTTPTypes
import Testing

struct PagingTests {
    private func call(_ query: String) -> Call {
        Call(
            endpoint: .vault, method: .get, host: "demo.vault.localhost", target: "/secrets?\(query)", headers: [:],
            body: [], now: 0)
    }

    @Test func `a token holds the next item's place, as Key Vault writes it`() throws {
        let token = Paging.token(for: "secret/SEC6")
        let json = try JSON(parsing: try #require(Base64.bytes(token)))
        #expect(json["TargetLocation"] == 0)
        #expect(
            json["NextMarker"]
                == "2!76!MDAwMDExIXNlY3JldC9TRUM2ITAwMDAyOCE5OTk5LTEyLTMxVDIzOjU5OjU5Ljk5OTk5OTlaIQ--")
        #expect(Paging.marker(of: token) == "SEC6")
    }

    @Test(arguments: ["0", "26", "-1", "x", ""])
    func `a page has 1 to 25 items`(count: String) {
        #expect(throws: Refusal.self) { try Paging(call("api-version=7.4&maxresults=\(count)")) }
    }

    @Test(arguments: ["", "abc", "e30"])
    func `an invalid token is refused`(token: String) {
        #expect(throws: Refusal.self) { try Paging(call("$skiptoken=\(token)")) }
    }

    @Test func `a link is absolute, names the port and keeps the page's size`() throws {
        let call = call("api-version=7.4&maxresults=1")
        let answer = try Paging(call).page(
            [.null], next: "B", place: "secret", path: "/secrets", base: "https://demo.vault.localhost:443", call)
        let link = try #require(try JSON(parsing: answer.body)["nextLink"]?.string)
        #expect(link.hasPrefix("https://demo.vault.localhost:443/secrets?api-version=7.4&$skiptoken="))
        #expect(link.hasSuffix("&maxresults=1"))
    }

    @Test func `empty pages come before the real one, and lead to it`() throws {
        var query = "api-version=7.4"
        var sizes: [Int] = []
        for _ in 0..<4 {
            let call = call(query)
            let paging = try Paging(call, emptyPages: 2)
            let isFirst = paging.marker == nil
            let answer = paging.page(
                [.null], next: isFirst ? "NEXT" : nil, place: "secret", path: "/secrets", base: "https://x", call)
            let json = try JSON(parsing: answer.body)
            sizes.append(try #require(json["value"]?.array).count)
            query = try #require(json["nextLink"]?.string?.split(separator: "?").last.map(String.init))
        }
        #expect(sizes == [0, 0, 1, 0])
    }
}
