import LaunchConfiguration
import Testing
import WorkerProtocol

/// `--listen`: which texts are addresses, and what the message says of any other.
@Suite struct ListenTests {
    @Test(
        arguments: [
            ("tcp:8080", ListenAddress(place: .tcp(host: nil, port: 8080))),
            ("http=tcp:127.0.0.1:80", ListenAddress(name: "http", place: .tcp(host: "127.0.0.1", port: 80))),
            ("tcp:[::]:65535", ListenAddress(place: .tcp(host: "::", port: 65_535))),
            ("a.b=tcp:[fd00::1]:1", ListenAddress(name: "a.b", place: .tcp(host: "fd00::1", port: 1))),
            ("unix:/run/a=b", ListenAddress(place: .unix(path: "/run/a=b", mode: 0o660, user: 33, group: 44))),
            ("unix:/run/x,mode=0666", ListenAddress(place: .unix(path: "/run/x", mode: 0o666, user: 33, group: 44))),
            ("unix:/run/x,y", ListenAddress(place: .unix(path: "/run/x,y", mode: 0o660, user: 33, group: 44))),
        ])
    func `an address is the same as option and in the file`(text: String, address: ListenAddress) throws {
        let owner = ["--user", "www-data", "--group", "tls"]
        #expect(try Directory().plan(owner + ["--listen", text]).child.listen == [address])
        let file = Directory("[child]\nlisten = [\"\(text)\"]\n")
        #expect(try file.plan(owner).child.listen == [address])
    }

    @Test func `options are in order, and take the place of the file's`() throws {
        let directory = Directory("[child]\nlisten = [\"tcp:1\", \"tcp:2\"]\n")
        #expect(try directory.plan().child.listen.map(\.text) == ["tcp:1", "tcp:2"])
        let plan = try directory.plan(["--listen", "tcp:[::1]:4", "--listen=x=tcp:3"])
        #expect(plan.child.listen.map(\.text) == ["tcp:[::1]:4", "tcp:3"])
    }

    @Test func `a path is the command's user's, else our own`() throws {
        let plan = try Directory().plan(["--user", "www-data", "--listen", "unix:/run/x"])
        #expect(plan.child.listen[0].place == .unix(path: "/run/x", mode: 0o660, user: 33, group: 33))
    }

    @Test(
        arguments: [
            ("8080", "'8080' is no address"), ("udp:1", "'udp:1' is no address"), ("", "'' is no address"),
            ("tcp:", "'' is no port"), ("tcp:0", "'0' is no port"), ("tcp:65536", "'65536' is no port"),
            ("tcp:http", "'http' is no port"), ("tcp:::1:80", "'::1' is no address"), ("tcp:[::1]", "'1]' is no port"),
            ("tcp:localhost:80", "'localhost' is no address"), ("tcp:[127.0.0.1]:80", "'[127.0.0.1]' is no address"),
            ("tcp:256.1.1.1:80", "'256.1.1.1' is no address"), ("unix:web.sock", "'web.sock' is no absolute path"),
            ("unix:/run/", "'/run/' is no absolute path"), ("unix:/x,mode=9", "'9' is no mode"),
            ("unix:/x,mode=7777", "'7777' is no mode"),
            ("unix:/" + String(repeating: "x", count: 107), "has 108 bytes"),
            ("=tcp:1", "'' is no name"), ("a b=tcp:1", "'a b' is no name"), ("tcp:1\ntcp:2x", "'2x' is no port"),
        ])
    func `what is no address is said in one line`(text: String, reason: String) {
        let option = Directory().mistake(["run", "--listen", text, "--", "app"])
        #expect(option.code == 64)
        #expect(option.lines[0].hasPrefix("latchkey: error[option-value]: option '--listen': "))
        #expect(option.lines[0].contains(reason), "\(option.lines)")
        let escaped = text.replacing("\n", with: "\\n")
        let file = Directory("[child]\nlisten = [\"\(escaped)\"]\n").mistake(["run", "--", "app"])
        #expect(file.code == 78)
        #expect(file.lines[0].hasPrefix("latchkey: error[config-value]: latchkey.toml:2:10: 'child.listen': "))
    }

    @Test(
        arguments: [
            (["--listen", "a=tcp:1", "--listen", "a=tcp:2"], "two sockets have the name 'a'"),
            (["--listen", "tcp:1", "--listen", "b=tcp:1"], "'tcp:1' is there twice"),
            (["--listen", "tcp:1", "--once"], "with '--once' no process stays"),
            ((1...33).flatMap { ["--listen", "tcp:\($0)"] }, "33 sockets are too many"),
        ])
    func `what can't be together is said`(options: [String], reason: String) {
        let mistake = Directory().mistake(["run"] + options + ["--", "app"])
        #expect(mistake.code == 64)
        #expect(mistake.lines[0].contains(reason), "\(mistake.lines)")
    }

    @Test(arguments: ["\"tcp:1\"", "[]", "[1]", "1"])
    func `the key is an array of strings`(value: String) {
        let mistake = Directory("[child]\nlisten = \(value)\n").mistake(["run", "--", "app"])
        #expect(mistake.code == 78)
        #expect(mistake.lines[0].contains("has to be an array of strings"), "\(mistake.lines)")
    }
}
