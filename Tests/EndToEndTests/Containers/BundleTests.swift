import Foundation
import Testing

/// The bundle as the first process of a container, in images that have much, little and nothing.
@Suite(.serialized, .enabled(if: ContainerBundle.obstacle == nil, "\(ContainerBundle.obstacle ?? "")"))
struct BundleTests {
    /// What is found in place of a file's content.
    private static func facts(_ path: String) throws -> (owner: Int, group: Int, mode: Int) {
        let all = try FileManager.default.attributesOfItem(atPath: path)
        func number(_ key: FileAttributeKey) -> Int { (all[key] as? NSNumber)?.intValue ?? -1 }
        return (number(.ownerAccountID), number(.groupOwnerAccountID), number(.posixPermissions))
    }

    @Test(arguments: ContainerRoot.allCases)
    func `the root directory can be had`(root: ContainerRoot) throws {
        // Which of the four are tried shows here, so that none is left out unseen.
        try #require(ContainerRoot.available.contains(root), "\(root.obstacle ?? "")")
        let shell = try root.directory() + "/bin/sh"
        let hasShell = (try? FileManager.default.attributesOfItem(atPath: shell)) != nil
        #expect(hasShell == (root == .debian || root == .musl))
    }

    @Test(arguments: ContainerRoot.available)
    func `it fetches, delivers, signals, and ends with the app`(root: ContainerRoot) throws {
        try Emulator.serving { azure in
            let options = [
                "run", "--vault", azure.vault, "-e", "DATABASE=db-password", "-f", "database=db-password",
                "--signal", "HUP", "--refresh", "off", "--instance", "shop", "--",
            ]
            let container = try Container(
                root, options + ["/app", "print-on", "HUP", "--env", "DATABASE", "database"], in: azure)
            let launch = container.launch
            try launch.expect(line: "ready")
            let old = fingerprint("c4n4ry-database")
            #expect(launch.output.text.contains("env=DATABASE \(old)"))
            #expect(launch.output.text.contains("file=database \(old)"))

            // tmpfs, and exactly the app's own.
            let secrets = try container.path("/dev/shm/latchkey-4711/shop/secrets")
            let target = try FileManager.default.destinationOfSymbolicLink(atPath: secrets + "/..data")
            let file = try Self.facts("\(secrets)/\(target)/database")
            #expect(file == (Container.user, Container.user, 0o400))
            #expect(try Self.facts(secrets) == (Container.user, Container.user, 0o700))

            try azure.rotate("db-password", to: "c4n4ry-rotated")
            launch.send(SIGHUP)
            try launch.expect(line: "end")
            #expect(launch.output.text.contains("file=database \(fingerprint("c4n4ry-rotated"))"))
            let outcome = try launch.end(SIGTERM)
            #expect(outcome.ending == .code(128 + SIGTERM) && outcome.failures.isEmpty, "\(outcome.errors)")
        }
    }

    @Test(arguments: ContainerRoot.available)
    func `the app has no right that it was not given`(root: ContainerRoot) throws {
        try Emulator.serving { azure in
            let container = try Container(
                root, ["run", "--vault", azure.vault, "-f", "a=db-password", "--", "/app", "report"], in: azure)
            let outcome = try container.launch.end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            let lines = Set(outcome.output.split(separator: "\n").map(String.init))
            let none = "0000000000000000"
            for line in ["capeff", "capprm", "capbnd", "capamb", "capinh"].map({ "\($0)=\(none)" }) {
                #expect(lines.contains(line))
            }
            #expect(lines.contains("no_new_privs=1") && lines.contains("ppid=1"))
            #expect(lines.contains { $0.hasPrefix("uid=4711 4711 4711") })
        }
    }

    @Test(arguments: ContainerRoot.available)
    func `orphans are reaped, and the app's exit code is the container's`(root: ContainerRoot) throws {
        try Emulator.serving { azure in
            let options = ["run", "--vault", azure.vault, "-e", "A=db-password", "--refresh", "off", "--"]
            let container = try Container(root, options + ["/app", "orphans", "20", "--stay"], in: azure)
            try container.launch.expect(line: "orphans=20")
            // latchkey and the app.
            let isSwept = try eventually { try container.processes() == (all: 2, dead: 0) }
            #expect(isSwept)
            #expect(try container.launch.end(SIGTERM).ending == .code(128 + SIGTERM))

            let other = try Container(root, options + ["/app", "exit", "42"], in: azure)
            #expect(try other.launch.end().ending == .code(42))
        }
    }

    @Test(arguments: ContainerRoot.available)
    func `TERM ends an app that hears it, and one that does not`(root: ContainerRoot) throws {
        try Emulator.serving { azure in
            let options = ["run", "--vault", azure.vault, "-e", "A=db-password", "--stop-timeout"]
            let willing = try Container(root, options + ["25s", "--", "/app", "signals", "--until", "TERM"], in: azure)
            try willing.launch.expect(line: "ready")
            #expect(try willing.launch.end(SIGTERM).ending == .code(0))

            let deaf = try Container(root, options + ["100ms", "--", "/app", "ignore", "TERM"], in: azure)
            try deaf.launch.expect(line: "ready")
            // Long before the 10 s that Docker waits: the stop timeout, then KILL.
            #expect(try deaf.launch.end(SIGTERM, within: .seconds(10)).ending == .code(128 + SIGKILL))
        }
    }

    @Test func `it works at any place, and the image's own authorities come first`() throws {
        try Emulator.serving { azure in
            let words = ["run", "--vault", azure.vault, "-e", "A=db-password", "--", "/app"]
            for place in ["/latchkey", "/a/b c/d"] {
                let container = try Container(.empty, bundle: place, words + ["fingerprint", "--env", "A"], in: azure)
                let outcome = try container.launch.end()
                #expect(outcome.output == "env=A \(fingerprint("c4n4ry-database"))\n", "\(outcome.errors)")
            }
            // An image with a store of its own is taken at its word: the emulator's authority is not in it.
            let store = try ContainerBundle.made().path + "/certs"
            let container = try Container(
                .empty, words + ["exit", "0"], in: azure, files: ["/etc/ssl/certs": store])
            #expect(try container.launch.end().ending == .code(76))
        }
    }

    @Test(arguments: [ContainerRoot.musl, .empty])
    func `names are resolved by the container's own files`(root: ContainerRoot) throws {
        let scratch = try Scratch()
        // Root may listen at port 53 of an address that nobody else has.
        let address = "127.77.\(Int.random(in: 0...255)).\(Int.random(in: 1...254))"
        let python = try #require(Programs.installed("python3"), "python3 is not installed")
        let server = try Launch(python, ["-c", Self.nameServer, address])
        try server.expect(line: "ready")
        let files = [
            "/etc/resolv.conf": try scratch.write("nameserver \(address)\n", to: "resolv.conf"),
            "/etc/hosts": try scratch.write("127.0.0.1 demo.vault.shop.test\n", to: "hosts"),
        ]
        for path in files.values { try ContainerBundle.run("chmod", "0644", path) }
        try Emulator.serving(options: ["--vault-suffix", "vault.shop.test"]) { azure in
            for (path, file) in files {
                let options = ["run", "--vault", azure.vault, "-e", "A=db-password", "--"]
                let container = try Container(
                    root, options + ["/app", "fingerprint", "--env", "A"], in: azure, files: [path: file])
                let outcome = try container.launch.end()
                #expect(outcome.output == "env=A \(fingerprint("c4n4ry-database"))\n", "\(path): \(outcome.errors)")
            }
        }
        #expect(server.output.text.contains("asked for demo.vault.shop.test"))
        #expect(try server.end(SIGTERM).ending == .signal(SIGTERM))
    }

    /// Answers every question for an address with 127.0.0.1, and every other one with nothing (RFC 1035, section 4).
    private static let nameServer = """
        import socket, struct, sys
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((sys.argv[1], 53))
        print("ready", flush=True)
        while True:
            question, peer = s.recvfrom(512)
            labels, at = [], 12
            while question[at]:
                labels.append(question[at + 1:at + 1 + question[at]].decode())
                at += 1 + question[at]
            kind = struct.unpack(">H", question[at + 1:at + 3])[0]
            print("asked for", ".".join(labels), flush=True)
            record = bytes.fromhex("c00c000100010000003c00047f000001") if kind == 1 else b""
            head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if record else 0, 0, 0)
            s.sendto(head + question[12:at + 5] + record, peer)
        """

    @Test(arguments: ContainerRoot.available)
    func `a PFX encrypted as in the nineties is read by what the bundle brings`(root: ContainerRoot) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let file = scratch.path + "/old.pfx"
            let made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=old"]
            let (key, certificate) = (scratch.path + "/key.pem", scratch.path + "/old.pem")
            try ContainerBundle.run("openssl", ["req"] + made + ["-keyout", key, "-out", certificate])
            // The certificates with RC2, the key with Triple DES.
            let old = ["pkcs12", "-export", "-legacy", "-passout", "pass:"]
            try ContainerBundle.run("openssl", old + ["-inkey", key, "-in", certificate, "-out", file])
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file)).base64EncodedString()
            try azure.control(
                "PUT", "vaults/demo/secrets/old", #"{"value":"\#(bytes)","content-type":"application/x-pkcs12"}"#)
            let configuration = try scratch.write(Self.leaf, to: "latchkey.toml")
            try ContainerBundle.run("chmod", "0644", configuration)
            let words = [
                "run", "--vault", azure.vault, "--config", "/latchkey.toml", "--", "/app", "fingerprint", "old",
            ]
            let container = try Container(root, words, in: azure, files: ["/latchkey.toml": configuration])
            let outcome = try container.launch.end()
            let leaf = try String(contentsOfFile: certificate, encoding: .utf8)
            #expect(outcome.output.hasPrefix("file=old \(fingerprint(leaf))"), "\(outcome.errors)")
        }
    }

    private static let leaf = """
        [files.old]
        certificate = "old"
        format = "pem-chain"

        """

    private static func megabytes(in text: String, after words: String) throws -> Double? {
        let number = try Regex(words + #"\s+([0-9.]+) MB"#, as: (Substring, Substring).self)
        return text.firstMatch(of: number).flatMap { Double($0.1) }
    }

    @Test func `what libcurl is linked with and the worker does not need stays at home`() throws {
        let (path, report) = try ContainerBundle.made()
        let libraries = try FileManager.default.contentsOfDirectory(atPath: path + "/lib")
        for name in ["gnutls", "krb5.so", "sasl2", "p11-kit", "nettle", "unistring", "brotlicommon"] {
            #expect(!libraries.contains { $0.hasPrefix("lib" + name) }, "\(name)")
        }
        let size = try #require(try Self.megabytes(in: report, after: "the bundle"), "the size is printed")
        let page = try String(
            contentsOfFile: Box.sources + "/Sources/latchkey-worker/Documentation.docc/Containers.md", encoding: .utf8)
        let stated = try #require(try Self.megabytes(in: page, after: "made from scratch. It is"))
        if Programs.areShipped { #expect(abs(size - stated) <= stated / 20, "\(size) MB, the page has \(stated)") }
        let certificates = try FileManager.default.contentsOfDirectory(atPath: path + "/certs")
        #expect(certificates.count > 100 && certificates.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{8}\.\d+/) != nil })
    }
}
