import Messages
import Testing

@Suite struct SuggestionTests {
    private let names = ["--vault", "--identity", "--refresh", "--on-change", "--on-gone", "--start-timeout"]

    @Test(arguments: [
        ("--valt", "--vault"), ("--vualt", "--vault"), ("--Vault", "--vault"), ("--onchange", "--on-change"),
        ("--on-chnage", "--on-change"), ("--refr", "--refresh"), ("timeout", "--start-timeout"),
    ])
    func `a slip of the fingers is understood`(typed: String, meant: String) {
        #expect(Suggestion.nearest(to: typed, among: names) == meant)
    }

    @Test(arguments: ["", "--frobnicate", "x", "--", String(repeating: "v", count: 500)])
    func `what is far from everything gets no suggestion`(typed: String) {
        #expect(Suggestion.nearest(to: typed, among: names) == nil)
    }

    @Test(arguments: [("", "", 0), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3)])
    func `the distance counts changes and swaps`(left: String, right: String, distance: Int) {
        #expect(Suggestion.editDistance(Array(left.utf8), Array(right.utf8)) == distance)
    }
}
