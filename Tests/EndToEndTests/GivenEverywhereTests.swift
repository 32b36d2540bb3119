import Foundation
import Testing

/// What an app can be given is the same for every command that delivers, and over a rotation.
struct GivenEverywhereTests {
    private static let seed = """
        [vaults.demo.secrets]
        db-password = "c4n4ry-old"
        pfx-password = "c4n4ry-pfx"

        [vaults.demo.certificates.web-tls]
        subject = "CN=web.example.org"
        """

    private static let files = """
        [files.token]
        secret = "token:https://database.windows.net"
        [files.url]
        template = "url.mustache"
        [files.keys]
        secret = "db-password"
        versions = 2
        [files."web.pfx"]
        certificate = "web-tls"
        format = "pfx"
        password = "pfx-password"
        [files."trust.p12"]
        certificate = "web-tls"
        format = "pkcs12-truststore"
        password = "pfx-password"
        """

    private func start(_ command: String, _ azure: Emulator, _ scratch: Scratch, words: [String] = []) throws -> Launch
    {
        _ = try scratch.write("x://{{url(db-password)}}", to: "url.mustache")
        let file = try scratch.write("vault = \"\(azure.vault)\"\n" + Self.files, to: "latchkey.toml")
        return try azure.start([command, "--config", file, "--ca-file", azure.authority] + words, in: scratch)
    }

    private func names(_ scratch: Scratch) throws -> Set<String> {
        let entries = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/instance/secrets")
        return Set(entries.filter { !$0.hasPrefix("..") })
    }

    private func read(_ path: String, _ scratch: Scratch) throws -> String {
        try String(contentsOfFile: "\(scratch.path)/instance/secrets/\(path)", encoding: .utf8)
    }

    private static let all: Set = ["token", "url", "keys", "web.pfx", "trust.p12"]

    @Test func `sync delivers all of it, and a later sync what changed`() throws {
        try Emulator.serving(Self.seed) { azure in
            let scratch = try Scratch()
            #expect(try start("sync", azure, scratch).end().ending == .code(0))
            #expect(try names(scratch) == Self.all)
            #expect(try read("url", scratch) == "x://c4n4ry-old")
            try azure.control("POST", "clock", #"{"advance":"2s"}"#)
            try azure.rotate("db-password", to: "c4n4ry/new")
            #expect(try start("sync", azure, scratch).end().ending == .code(0))
            #expect(try read("url", scratch) == "x://c4n4ry%2Fnew")
            #expect(try [read("keys/0", scratch), read("keys/1", scratch)] == ["c4n4ry/new", "c4n4ry-old"])
        }
    }

    @Test(arguments: ["sidecar", "run"])
    func `what stays keeps all of it fresh, with`(command: String) throws {
        try Emulator.serving(Self.seed) { azure in
            let scratch = try Scratch()
            let rest = command == "run" ? ["--", Programs.probe, "print-on", "USR1"] : []
            let launch = try start(command, azure, scratch, words: ["--refresh", "off", "--on-change", "none"] + rest)
            let isFresh = try eventually { try scratch.state() == "fresh" }
            try #require(isFresh, "\(launch.errors.text)")
            #expect(try names(scratch) == Self.all)
            try azure.control("POST", "clock", #"{"advance":"2s"}"#)
            try azure.rotate("db-password", to: "c4n4ry/new")
            launch.send(SIGHUP)
            let isNew = try eventually { try read("url", scratch) == "x://c4n4ry%2Fnew" }
            #expect(isNew, "\(launch.errors.text)")
            #expect(try [read("keys/0", scratch), read("keys/1", scratch)] == ["c4n4ry/new", "c4n4ry-old"])
            try launch.end(SIGTERM)
        }
    }

    @Test func `check names all of it, and delivers nothing`() throws {
        try Emulator.serving(Self.seed) { azure in
            let scratch = try Scratch()
            let outcome = try start("check", azure, scratch).end()
            #expect(outcome.ending == .code(0), "\(outcome.output)\(outcome.errors)")
            for target in ["file:token", "file:url", "file:keys/0", "file:web.pfx", "file:trust.p12"] {
                #expect(outcome.output.contains(target), "\(target): \(outcome.output)")
            }
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/instance/secrets/token"))
        }
    }
}
