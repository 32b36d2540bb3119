import FoundationEssentials
import Messages
import Testing

@testable import KeyVault

@Suite struct JSONTests {
    /// An independent reader judges the same texts: what mine takes, it takes, and means the same.
    @Test(arguments: 0..<200)
    func `random mutations are judged as by another reader`(seed: Int) {
        var generator = SeededGenerator(state: UInt64(seed))
        var bytes = Array("{\"a\":[1,-2.5e3,\"\\u00e9\\n\",true,null],\"b\":{\"c\":\"\\ud83d\\udd11\"}}".utf8)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0...2, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0x20...0x7E, using: &generator)
            case 1: bytes.remove(at: place)
            default: bytes.insert(Array("{}[]\",:\\01e".utf8).randomElement(using: &generator) ?? 0, at: place)
            }
        }
        let mine = (try? JSONReader.read(bytes.span)) != nil
        // The other reader takes some texts that are none (a number such as `1.`); it must take all that mine does.
        if mine { #expect((try? JSONDecoder().decode(Anything.self, from: Data(bytes))) != nil) }
    }

    /// Decodes any JSON.
    private struct Anything: Decodable {
        private struct Name: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            if let object = try? decoder.container(keyedBy: Name.self) {
                for name in object.allKeys { _ = try object.decode(Anything.self, forKey: name) }
            } else if var array = try? decoder.unkeyedContainer() {
                while !array.isAtEnd { _ = try array.decode(Anything.self) }
            }
        }
    }

    private static let document = """
        {"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8,"twice":1,"twice":2,
        "n":-1.50e+3,"o":{"x" : 1},"t":true,"z":null,"\\u0061b":"c"}
        """

    @Test(arguments: [
        ("/foo/0", "\"bar\""), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"), ("/e^f", "3"), ("/g|h", "4"), ("/i\\j", "5"),
        ("/k\"l", "6"), ("/ ", "7"), ("/m~0n", "8"), ("/twice", "2"), ("/n", "-1.50e+3"), ("/o", "{\"x\" : 1}"),
        ("/t", "true"), ("/z", "null"), ("/ab", "\"c\""), ("/foo", "[\"bar\",\"baz\"]"),
    ])
    func `a pointer finds what RFC 6901 says, as it stands in the source`(pointer: String, source: String) throws {
        #expect(try found(pointer) == source)
    }

    @Test(arguments: [
        "/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/+1", "/bar", "/foo/0/x", "/t/x", "/foo/ 0", "/FOO",
    ])
    func `a pointer finds nothing where nothing is`(pointer: String) throws {
        #expect(try found(pointer) == nil)
    }

    @Test(arguments: ["foo", "/~", "/~2", "/a~", " /a"])
    func `what is no pointer is none`(pointer: String) {
        #expect(JSONPointer(pointer) == nil)
    }

    private func found(_ pointer: String) throws -> String? {
        let text = Array(Self.document.utf8)
        let root = try JSONReader.read(text.span)
        let pointer = try #require(JSONPointer(pointer))
        return pointer.resolve(from: root, in: text.span).map { String(decoding: text[$0.range], as: UTF8.self) }
    }
}
