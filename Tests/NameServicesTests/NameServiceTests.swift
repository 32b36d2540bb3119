import NameServices
import Testing

@Suite struct NameServiceTests {
    private let service = SystemNameService()

    @Test func `root is known by name and by number`() throws {
        let root = try service.user(named: "root")
        #expect(root?.number == 0)
        #expect(root?.group == 0)
        #expect(root?.home == "/root")
        #expect(try service.user(numbered: 0) == root)
        #expect(try service.group(named: "root") == 0)
    }

    @Test(arguments: ["", "no-such-user-here", "root\u{0}", "root:root", "0"])
    func `a name that nobody has is no error`(name: String) throws {
        #expect(try service.user(named: name) == nil)
        #expect(try service.group(named: name) == nil)
    }

    @Test func `a number that nobody has is no error`() throws {
        #expect(try service.user(numbered: 4_000_000_000) == nil)
    }

    @Test func `a user's groups hold the primary one`() throws {
        #expect(try service.groups(ofUser: "root", primary: 4711).contains(4711))
        #expect(try service.groups(ofUser: "no-such-user-here", primary: 4711) == [4711])
    }
}
