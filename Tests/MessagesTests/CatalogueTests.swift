import Messages
import Testing

@Suite struct CatalogueTests {
    @Test(arguments: MessageCode.allCases)
    func `a code has a meaning and a remedy in the style of all messages`(code: MessageCode) {
        let entry = code.entry
        for text in [entry.meaning, entry.remedy] {
            #expect(!text.isEmpty)
            #expect(!text.hasSuffix("."))
            #expect(!text.contains("\n"))
        }
        #expect((entry.severity == .error) == (entry.exitCode != nil))
    }

    @Test(arguments: MessageCode.allCases)
    func `a code is words in lower case, joined by hyphens`(code: MessageCode) {
        #expect(code.rawValue.utf8.allSatisfy { (97...122).contains($0) || $0 == 45 })
    }

    @Test func `no two codes say the same`() {
        #expect(Set(MessageCode.allCases.map(\.rawValue)).count == MessageCode.allCases.count)
    }
}
