import Foundation
import LatchkeyTestSupport
import Messages
import Secrets
import Testing

@testable import Delivery

/// Several secrets in one file: what real parsers read back is the exact text, or the file is refused.
struct SetFileTests {
    private static let plain: [String: String] = [
        "empty": "", "plain": "c4n4ry", "blank": "  two  blanks ", "newline": "line one\nline two\n", "tab": "a\tb",
        "hash": "a # no comment", "equals": "a=b=c", "dollar": "$HOME $(id) `id` a$", "single": "it's",
        "double": "say \"hi\"", "unicode": "grüße 🔑", "bom": "\u{feff}text", "bell": "a\u{7}b\u{7f}",
        "reference": "akv://contoso-web/db-password", "template": "{{db-password}}", "option": "--config=/etc/passwd",
        "json": #"{"user":"web","password":"x y"}"#, "percent": "%n%H", "semicolon": "; rm -rf x", "tilde": "~root",
        "backslash": #"a\nb"#, "export": "export X=1", "large": String(repeating: "x", count: 25_600),
    ]

    /// What a file of these secrets holds; every secret is asked for by the name that it has in there.
    private static func file(_ values: [String: String], _ format: SetFile.Format) throws(DeliveryError) -> [UInt8] {
        var set = SecretSet()
        let members = values.sorted { $0.key < $1.key }.map { name, value in
            let bytes = Array(value.utf8)
            return SetFile.Member(name: name, value: set.append(bytes.span))
        }
        let slot = try SetFile(path: "app.env", format: format).render(members, in: &set)
        return set.withBytes(of: slot) { bytes in bytes.indices.map { bytes[$0] } }
    }

    /// Runs a reader with the file's path as the last argument, and takes the values that it prints as JSON.
    private static func read(_ text: [UInt8], by program: String, _ arguments: [String]) throws -> [String: String] {
        let path = "/dev/shm/latchkey-set-\(UInt64.random(in: 0 ... .max))"
        try Data(text).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let outcome = try ChildProcess.run(program, arguments + [path])
        try #require(outcome.ending == .code(0), "\(outcome.errors)")
        return try JSONDecoder().decode([String: String].self, from: Data(outcome.output.utf8))
    }

    /// Only what the file set: the shell's own variables are those of before.
    private static let shell = """
        import json, os, subprocess, sys
        shell, path = sys.argv[1], sys.argv[2]
        script = 'set -a; . "$1"; exec python3 -c "import json,os; print(json.dumps(dict(os.environ)))"'
        run = subprocess.run([shell, "-c", script, "x", path], env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")},
            capture_output=True, check=True)
        values = json.loads(run.stdout)
        print(json.dumps({k: v for k, v in values.items() if k.startswith("K_")}))
        """

    private static let dotenv = """
        import json, sys
        from dotenv import dotenv_values
        print(json.dumps(dotenv_values(sys.argv[1], interpolate=True)))
        """

    private static func installed(_ name: String) -> String? {
        ["/usr/bin/", "/bin/"].map { $0 + name }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private static let python = installed("python3")
    private static let hasDotenv: Bool = {
        guard let python else { return false }
        return (try? ChildProcess.run(python, ["-c", "from dotenv import dotenv_values"]))?.ending == .code(0)
    }()

    /// With names that no shell has of its own.
    private static let named = Dictionary(uniqueKeysWithValues: plain.map { ("k-\($0.key)", $0.value) })

    private static func variables(_ values: [String: String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: values.map { (VariableName.upperSnake($0.key), $0.value) })
    }

    @Test(.enabled(if: hasDotenv, "Python's dotenv is not installed"))
    func `Python's dotenv reads back the exact text`() throws {
        let python = try #require(Self.python)
        let read = try Self.read(Self.file(Self.named, .dotenv), by: python, ["-c", Self.dotenv])
        #expect(read == Self.variables(Self.named))
    }

    private static let shells = ["dash", "bash", "busybox"]

    @Test(
        .enabled(if: python != nil, "python3 is not installed"),
        .enabled(if: shells.allSatisfy { installed($0) != nil }, "dash, bash or busybox is not installed"),
        arguments: shells)
    func `a POSIX shell reads back the exact text`(name: String) throws {
        let shell = try #require(Self.installed(name))
        let python = try #require(Self.python)
        let applet = name == "busybox" ? "/dev/shm/latchkey-sh-\(UInt64.random(in: 0 ... .max))/sh" : shell
        if name == "busybox" {
            let directory = URL(fileURLWithPath: applet).deletingLastPathComponent().path
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(atPath: applet, withDestinationPath: shell)
        }
        defer {
            if name == "busybox" {
                try? FileManager.default.removeItem(at: URL(fileURLWithPath: applet).deletingLastPathComponent())
            }
        }
        let read = try Self.read(Self.file(Self.named, .dotenv), by: python, ["-c", Self.shell, applet])
        #expect(read == Self.variables(Self.named))
    }

    @Test(.enabled(if: python != nil, "python3 is not installed"))
    func `Python's json reads back the exact text under the vault's names`() throws {
        var values = Self.plain
        values["return"] = "a\r\nb\r\n"
        values["null"] = "a\u{0}b"
        values["braces"] = "${HOME}"
        let python = try #require(Self.python)
        let read = try Self.read(
            Self.file(values, .json), by: python,
            ["-c", "import json, sys; print(json.dumps(json.load(open(sys.argv[1], encoding='utf-8'))))"])
        #expect(read == values)
    }

    @Test(arguments: [
        ("a\u{0}b", MessageCode.valueNull, "NUL"), ("a\r\nb", .valueEncoding, "carriage return"),
        ("${HOME}", .valueEncoding, "'${'"), ("it's $HOME", .valueEncoding, "quote"),
    ])
    func `what the readers would take differently is refused for dotenv, with the reason`(
        value: String, code: MessageCode, reason: String
    ) throws {
        do throws(DeliveryError) {
            _ = try Self.file(["db-password": value], .dotenv)
            Issue.record("it was written")
        } catch {
            let diagnosis = error.diagnosis
            #expect(diagnosis.code == code && diagnosis.exitCode == .data)
            #expect(diagnosis.text.contains("'db-password'") && diagnosis.text.contains(reason), "\(diagnosis.text)")
            #expect(!diagnosis.text.contains(value) && diagnosis.hint?.contains(value) != true)
        }
    }

    @Test(arguments: [
        (["a-b": "1", "A-B": "2"], MessageCode.configurationDuplicate), (["1st": "1"], .nameRefused),
    ])
    func `a name that is taken, or that no shell can set, is refused for dotenv`(
        values: [String: String], code: MessageCode
    ) throws {
        do throws(DeliveryError) {
            _ = try Self.file(values, .dotenv)
            Issue.record("it was written")
        } catch {
            #expect(error.diagnosis.code == code)
        }
        _ = try Self.file(values, .json)
    }

    @Test(arguments: [SetFile.Format.dotenv, .json])
    func `a value that is not UTF-8 is refused`(format: SetFile.Format) throws {
        var set = SecretSet()
        let bytes: [UInt8] = [0x63, 0xff, 0xfe]
        let member = SetFile.Member(name: "license", value: set.append(bytes.span))
        do throws(DeliveryError) {
            _ = try SetFile(path: "app.env", format: format).render([member], in: &set)
            Issue.record("it was written")
        } catch {
            #expect(error.diagnosis.code == .valueEncoding && error.diagnosis.exitCode == .data)
        }
    }
}
