import Foundation
import LinuxSystem
import Messages
import SecretsDirectory
import Testing

@Suite struct WriteTests {
    @Test func `a generation is one directory behind one link, and every name leads through it`() throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        #expect(try secrets.deliver(["db-password": "one", "tls/server.pem": "two"]) == .written)
        #expect(place.text("secrets/db-password") == "one")
        #expect(place.text("secrets/tls/server.pem") == "two")
        #expect(place.text("secrets/..data/tls/server.pem") == "two")
        let link = try FileManager.default.destinationOfSymbolicLink(atPath: place.path + "/secrets/db-password")
        #expect(link == "..data/db-password")
        let data = try FileManager.default.destinationOfSymbolicLink(atPath: place.path + "/secrets/..data")
        #expect(place.top() == ["..data", data, "..pid", "db-password", "tls"].sorted())
    }

    @Test(arguments: [mode_t(0), 0o022, 0o077, 0o777])
    func `modes are exact whatever the umask`(mask: mode_t) throws {
        let place = try TestPlace()
        let run = try Tool.run(
            Tool.rotate, ["deliver", place.path + "/secrets", "a", "3", "9", "umask=\(String(mask, radix: 8))"])
        #expect(run.code == 0, "\(run.errors)")
        #expect(try place.mode("secrets") == 0o700)
        #expect(try place.mode("secrets/..data/file-0") == 0o400)
        let data = try FileManager.default.destinationOfSymbolicLink(atPath: place.path + "/secrets/..data")
        #expect(try place.mode("secrets/\(data)") == 0o700)
        #expect(try place.mode("secrets/\(data)/deep") == 0o700)
        #expect(try place.mode("secrets/\(data)/deep/file-1") == 0o400)
    }

    @Test func `a file's own mode is kept, and a changed mode alone is a new generation`() throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        #expect(try secrets.deliver(["a": "one"], mode: 0o444) == .written)
        #expect(try place.mode("secrets/..data/a") == 0o444)
        #expect(try secrets.deliver(["a": "one"], mode: 0o600) == .written)
        #expect(try place.mode("secrets/..data/a") == 0o600)
        #expect(try secrets.deliver(["a": "one"], mode: 0o600) == .unchanged)
    }

    @Test(arguments: [
        ["a": "other"], ["a": "one", "b": ""], ["b": "one"], ["a/b": "one"], ["a": "one", "deep/b": "two"], ["a": ""],
        [:],
    ])
    func `whatever differs is a new generation, and the old names go`(files: [String: String]) throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        try secrets.deliver(["a": "one"])
        #expect(try secrets.deliver(files) == .written)
        #expect(try secrets.deliver(files) == .unchanged)
        for (path, text) in files { #expect(place.text("secrets/\(path)") == text) }
        let tops = Set(files.keys.compactMap { $0.split(separator: "/").first.map(String.init) })
        #expect(Set(place.top().filter { !$0.hasPrefix("..") }) == tops)
    }

    @Test func `the generation before the current one stays readable, and no other`() throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        for round in 1...5 { try secrets.deliver(["a": "\(round)"]) }
        let generations = place.generations()
        #expect(generations.map { place.text("secrets/\($0)/a") } == ["4", "5"])
    }

    @Test func `a rollback returns to the generation that was kept for it, over any number of writes`() throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        for round in 1...3 { try secrets.deliver(["a": "\(round)"]) }
        for round in 4...6 { try secrets.deliver(["a": "\(round)"], keepingTarget: true) }
        #expect(try secrets.deliver(["a": "6"], keepingTarget: true) == .unchanged)
        #expect(place.generations().map { place.text("secrets/\($0)/a") } == ["2", "5", "6"])
        #expect(try secrets.rollBack())
        #expect(place.text("secrets/a") == "2")
        #expect(try secrets.rollBack() == false)
        try secrets.deliver(["a": "7"])
        #expect(place.generations().map { place.text("secrets/\($0)/a") } == ["2", "7"])
    }

    @Test func `values are delivered byte for byte`() throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        let values: [[UInt8]] = [
            [], [10], Array("trailing\n".utf8), Array("a\r\nb\r\n".utf8), [0xef, 0xbb, 0xbf, 0x61], [0],
            [0x61, 0, 0x62],
            [0xff, 0xfe, 0x80], Array(repeating: 0x78, count: 25_600),
            Array("{{name}} ${HOME} --option akv://a/b".utf8),
        ]
        let files = try values.indices.map { try GenerationFile(path: "v\($0)", size: values[$0].count) }
        _ = try secrets.write(files, contents: lending(values))
        for index in values.indices {
            let read = try Data(contentsOf: URL(fileURLWithPath: "\(place.path)/secrets/v\(index)"))
            #expect([UInt8](read) == values[index])
        }
    }

    @Test func `what is foreign is left alone, by a delivery and by a clean stop`() throws {
        let place = try TestPlace()
        let first = try place.take()
        try first.secrets.deliver(["a": "one"])
        try place.write("secrets/foreign", "mine")
        try place.write("secrets/..data/foreign", "also mine")
        try FileManager.default.createSymbolicLink(
            atPath: place.path + "/secrets/link", withDestinationPath: "elsewhere")
        let old = try #require(place.generations().first)
        for round in 2...4 { try first.secrets.deliver(["a": "\(round)"]) }
        #expect(place.text("secrets/\(old)/foreign") == "also mine")
        #expect(place.text("secrets/\(old)/a") == nil)
        try first.removeAll()
        #expect(place.top() == [old, "foreign", "link"].sorted())
    }

    @Test(arguments: ["a", "..data", "..data.new", "..latchkey.part"])
    func `a foreign thing that has a needed name is a refusal that changes nothing`(name: String) throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        try place.write("secrets/\(name)", "mine")
        let before = place.listing()
        let error = #expect(throws: GenerationError.self) { try secrets.deliver(["a": "one"]) }
        #expect(error?.diagnosis.exitCode == .cannotCreate)
        #expect(error?.diagnosis.text.contains("'\(name)' is in the way") == true)
        #expect(place.listing() == before)
        #expect(place.text("secrets/\(name)") == "mine")
    }

    @Test func `a clean stop leaves no trace`() throws {
        let place = try TestPlace()
        try FileManager.default.createDirectory(atPath: place.path + "/instance", withIntermediateDirectories: false)
        let all = try place.take()
        try all.secrets.deliver(["a/b/c": "one", "d": "two"])
        try all.secrets.deliver(["a/b/c": "three", "e": "four"])
        try all.instance?.publish(.status, Array("{}".utf8))
        try all.instance?.publish(.metrics, Array("x 1".utf8))
        #expect(try place.mode("instance/status.json") == 0o644)
        try all.writeCache { file throws(SystemError) in try file.write([1, 2].span) }
        try all.removeAll()
        #expect(!FileManager.default.fileExists(atPath: place.path + "/secrets"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path + "/instance").isEmpty)
    }

    @Test func `a rollback makes the generation before current, and the next one does not reuse a name`() throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        #expect(try secrets.rollBack() == false)
        try secrets.deliver(["a": "one", "old": "x"])
        #expect(try secrets.rollBack() == false)
        try secrets.deliver(["a": "two", "new": "y"])
        let bad = try #require(place.generations().last)
        #expect(try secrets.rollBack() == true)
        #expect(place.text("secrets/a") == "one")
        #expect(place.text("secrets/old") == "x")
        #expect(!place.top().contains("new"))
        try secrets.deliver(["a": "three"])
        #expect(place.text("secrets/a") == "three")
        #expect(!place.generations().contains(bad))
        #expect(place.generations().map { place.text("secrets/\($0)/a") } == ["one", "three"])
    }

    @Test func `a run without files makes no generation, and one whose files were taken away delivers none`() throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        #expect(try secrets.deliver([:]) == .unchanged)
        #expect(place.top() == ["..pid"])
        try secrets.deliver(["a": "one"])
        #expect(try secrets.deliver([:]) == .written)
        #expect(place.top().filter { !$0.hasPrefix("..") }.isEmpty)
    }

    @Test(arguments: [
        ("", "empty"), ("/etc/passwd", "absolute"), ("../up", "'.' or '..'"), ("a/../b", "'.' or '..'"),
        ("a//b", "empty component"), ("a/", "empty component"), ("./a", "'.' or '..'"), ("..data", "latchkey's own"),
        ("..other/a", "latchkey's own"), (String(repeating: "n", count: 256), "256 bytes"),
        ("a\0b", "NUL"), (String(repeating: "d/", count: 2000) + "e", "4001 bytes"),
    ])
    func `a path that can't stand in the directory is refused with the reason`(path: String, reason: String) throws {
        let error = #expect(throws: GenerationError.self) { try GenerationFile(path: path, size: 0) }
        let diagnosis = try #require(error?.diagnosis)
        #expect(diagnosis.text.contains(reason), "\(diagnosis.text)")
        #expect(diagnosis.exitCode == .configuration)
    }

    @Test func `two files of one path, and a file where a directory is needed, are refused`() throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        let twice = try [GenerationFile(path: "a", size: 0), GenerationFile(path: "a", size: 0)]
        #expect(throws: GenerationError.path("a", .twice)) { try secrets.write(twice, contents: lending([[], []])) }
        let both = try [GenerationFile(path: "a/b", size: 0), GenerationFile(path: "a", size: 0)]
        #expect(throws: GenerationError.path("a", .fileAndDirectory)) {
            try secrets.write(both, contents: lending([[], []]))
        }
    }

    @Test func `names that look strange but are names are delivered`() throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        let names = ["new\nline", "é", "e\u{301}", "-rf", ".hidden", "a b", "a\\b", String(repeating: "n", count: 255)]
        try secrets.deliver(Dictionary(uniqueKeysWithValues: names.filter { $0 != "e\u{301}" }.map { ($0, $0) }))
        for name in names where name != "e\u{301}" { #expect(place.text("secrets/\(name)") == name) }
        // Swift holds these two for equal, the kernel does not.
        let pair = try [GenerationFile(path: "é", size: 1), GenerationFile(path: "e\u{301}", size: 1)]
        _ = try secrets.write(pair, contents: lending([[1], [2]]))
        #expect(place.top().filter { !$0.hasPrefix("..") }.count == 2)
    }

    @Test func `a reader that changed a delivered file is set right by the next delivery`() throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        try secrets.deliver(["a": "one"])
        setMode(place.path + "/secrets/..data/a", 0o600)
        try place.write("secrets/..data/a", "two")
        #expect(try secrets.deliver(["a": "one"]) == .written)
        #expect(place.text("secrets/a") == "one")
    }
}
