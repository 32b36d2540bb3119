import Foundation
import Testing

/// Values that something on the way could take for something else: from the vault's JSON to the app they are the same
/// bytes, or they are refused.
struct ValueTests {
    private static let values: [(name: String, bytes: [UInt8])] = [
        ("empty", []), ("newline", Array("line\n".utf8)), ("newlines", Array("\n\n".utf8)),
        ("crlf", Array("a\r\nb\r\n".utf8)), ("bom", [0xef, 0xbb, 0xbf, 0x61]), ("blanks", Array("  a \t ".utf8)),
        ("invalid", [0x63, 0xff, 0xfe, 0x80, 0x00 ^ 0xc3]), ("controls", Array(1...31) + [127]),
        ("large", [UInt8](repeating: 0x78, count: 25_600)), ("reference", Array("akv://demo/db-password".utf8)),
        ("app-service", Array("@Microsoft.KeyVault(VaultName=demo;SecretName=db-password)".utf8)),
        ("template", Array("{{db-password}} {{{x}}} {{#a}}".utf8)), ("option", Array("--config=/etc/passwd".utf8)),
        ("shell", Array("$HOME $(id) `id` ${x:-y} \\ \" ' %s !! ~ *".utf8)), ("equals", Array("=a=b=".utf8)),
        ("unicode", Array("grüße 🔑 e\u{301} é \u{2028}".utf8)), ("json", Array(#"{"a":"\u0000"}"#.utf8)),
    ]

    /// All of them, and one with a NUL byte, as a vault can hold them: as text in base64.
    private static let seed =
        "[vaults.demo.secrets]\n"
        + (values + [("null", [0x61, 0, 0x62])]).map { name, bytes in
            "\(name) = { value = \"\(Data(bytes).base64EncodedString())\", tags = { file-encoding = \"base64\" } }\n"
                + (String(validating: bytes, as: UTF8.self).map { "text-\(name) = \(quotedForTOML($0))\n" } ?? "")
        }.joined()

    @Test(arguments: [["run"], ["run", "--once"]])
    func `each is delivered byte for byte, as a variable and as a file, from text and from base64`(
        command: [String]
    ) throws {
        try Emulator.serving(Self.seed) { azure in
            let scratch = try Scratch()
            let texts = Self.values.filter { String(validating: $0.bytes, as: UTF8.self) != nil }
            let entries = Self.values + texts.map { ("text-" + $0.name, $0.bytes) }
            func variable(_ name: String) -> String { name.uppercased().replacing("-", with: "_") }
            let options = entries.flatMap { ["-e", "\(variable($0.0))=\($0.0)", "-f", "\($0.0)=\($0.0)"] }
            let asked = entries.flatMap { ["--env", variable($0.0), $0.0] }
            let launch = try azure.start(
                command + ["--vault", azure.vault, "--ca-file", azure.authority, "-f", "null=null"] + options
                    + ["--", Programs.probe, "fingerprint"] + asked + ["null"], in: scratch)
            let outcome = try launch.end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            let lines = outcome.output.split(separator: "\n")
            for (name, bytes) in entries {
                #expect(lines.contains { $0 == "env=\(variable(name)) \(fingerprint(bytes: bytes))" }, "\(name)")
                #expect(lines.contains { $0.hasPrefix("file=\(name) \(fingerprint(bytes: bytes)) ") }, "\(name)")
            }
            #expect(lines.contains { $0.hasPrefix("file=null \(fingerprint(bytes: [0x61, 0, 0x62])) ") })
        }
    }

    @Test(arguments: ["null", "text-null"])
    func `a NUL byte in a variable is refused before anything starts`(name: String) throws {
        try Emulator.serving(Self.seed) { azure in
            let scratch = try Scratch()
            let outcome = try azure.run("-e", "A=\(name)", command: [Programs.probe, "exit", "0"], in: scratch).end()
            #expect(outcome.ending == .code(65))
            #expect(outcome.errors.contains("'\(name)'") && outcome.errors.contains("NUL"), "\(outcome.errors)")
        }
    }
}
