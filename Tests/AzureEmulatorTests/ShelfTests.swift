import AzureEmulator
import Testing

struct ShelfTests {
    private func version(_ value: String, _ id: String = Hex.random(digits: 32)) -> Version<SecretContent> {
        Version(id: id, content: SecretContent(value: value), attributes: Attributes(created: 1))
    }

    private func shelf(_ names: String...) throws -> Shelf<SecretContent> {
        var shelf = Shelf<SecretContent>()
        for name in names { _ = try shelf.add(version("value of \(name)"), to: name) }
        return shelf
    }

    @Test func `the last version is the current one, even within one second`() throws {
        var shelf = Shelf<SecretContent>()
        _ = try shelf.add(version("one", "f" + Hex.random(digits: 31)), to: "a")
        _ = try shelf.add(version("two", "0" + Hex.random(digits: 31)), to: "a")
        #expect(try shelf.version("a", nil).1.content.value == "two")
    }

    @Test func `names are compared without regard to case and keep their first one`() throws {
        var shelf = try shelf("Db-Password")
        let name = try shelf.add(version("new"), to: "DB-PASSWORD")
        #expect(name == "Db-Password")
        #expect(shelf.record("db-password")?.versions.count == 2)
    }

    @Test func `what was deleted is neither read nor set, until it is recovered`() throws {
        var shelf = try shelf("a")
        let deleted = try shelf.delete("a", now: 100, days: 7)
        #expect(deleted.purged == 100 + 7 * 86_400)
        #expect(throws: ShelfError.notFound) { try shelf.version("a", nil) }
        #expect(throws: ShelfError.deletedButRecoverable) { try shelf.add(version("x"), to: "A") }
        #expect(try shelf.recover("a").name == "a")
        #expect(try shelf.version("a", nil).1.content.value == "value of a")
        #expect(throws: ShelfError.alreadyExists) { try shelf.recover("a") }
    }

    @Test func `what was purged is gone for good`() throws {
        var shelf = try shelf("a")
        _ = try shelf.delete("a", now: 1, days: 90)
        try shelf.purge("a")
        #expect(throws: ShelfError.notDeleted) { try shelf.recover("a") }
        _ = try shelf.add(version("again"), to: "a")
        #expect(shelf.count == 1)
    }

    @Test func `pages follow each other without a gap and end`() throws {
        var shelf = Shelf<SecretContent>()
        for number in 0..<60 { _ = try shelf.add(version("v"), to: "s\(number)") }
        var names: [String] = []
        var marker: String?
        repeat {
            let (records, next) = shelf.page(from: marker, count: 25)
            names += records.map(\.name)
            marker = next
        } while marker != nil
        #expect(names.count == 60)
        #expect(names == names.sorted { $0.uppercased() < $1.uppercased() })
    }

    @Test func `a page goes on where its marker was, even if that one is gone`() throws {
        var shelf = try shelf("a", "b", "c", "d")
        let (_, next) = shelf.page(from: nil, count: 2)
        _ = try shelf.delete("c", now: 1, days: 90)
        #expect(shelf.page(from: next, count: 2).0.map(\.name) == ["d"])
    }

    @Test func `versions are listed by id, and there are none of an unknown name`() throws {
        var shelf = Shelf<SecretContent>()
        for id in ["b", "a", "c"] { _ = try shelf.add(version("v", String(repeating: id, count: 32)), to: "s") }
        #expect(shelf.versionsPage("s", from: nil, count: 25).1.map { $0.id.first } == ["a", "b", "c"])
        #expect(shelf.versionsPage("none", from: nil, count: 25).1.isEmpty)
    }

    @Test func `a certificate's secret is the vault's own`() throws {
        var shelf = Shelf<SecretContent>()
        var managed = version("pfx")
        managed.managed = true
        _ = try shelf.add(managed, to: "web")
        #expect(throws: ShelfError.managed) { try shelf.add(version("mine"), to: "web") }
    }
}

struct CeilingTests {
    @Test func `requests over the limit are refused until the window has moved on`() {
        var ceiling = RequestCeiling(limit: 3)
        let admitted = [0, 1, 2, 3, 9.9, 10.1, 10.2].map { ceiling.admit(at: $0) }
        #expect(admitted == [true, true, true, false, false, true, false])
    }

    @Test func `the window can be another one than Key Vault's`() {
        var ceiling = RequestCeiling(limit: 2)
        ceiling.window = 1
        let admitted = [0, 0.5, 0.9, 1.1, 1.2, 1.6].map { ceiling.admit(at: $0) }
        #expect(admitted == [true, true, false, true, false, true])
    }

    @Test func `what was refused does not count`() {
        var ceiling = RequestCeiling(limit: 1)
        let admitted = [0, 1, 2, 9, 10.5].map { ceiling.admit(at: $0) }
        #expect(admitted == [true, false, false, false, true])
    }

    @Test func `a long run stays small and right`() {
        var ceiling = RequestCeiling(limit: 100)
        let admitted = (0..<100_000).filter { ceiling.admit(at: Double($0) * 0.01) }.count
        #expect(admitted == 100 * 100)
    }
}
