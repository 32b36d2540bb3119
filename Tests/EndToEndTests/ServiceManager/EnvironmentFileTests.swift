import Foundation
import Testing

/// What a dotenv file says to systemd's own reader (systemd.exec(5), EnvironmentFile=).
@Suite(.serialized, .enabled(if: Box.obstacle == nil, "\(Box.obstacle ?? "")"))
struct EnvironmentFileTests {
    private static let values: [String: String] = [
        "k-empty": "", "k-plain": "c4n4ry", "k-blank": "  two  blanks ", "k-newline": "line one\nline two\n",
        "k-tab": "a\tb", "k-hash": "a # no comment", "k-first-hash": "# a", "k-semicolon": "; a", "k-equals": "a=b=c",
        "k-dollar": "$HOME $(id) `id` a$ $$", "k-single": "it's", "k-double": "say \"hi\"",
        "k-both": "it's a \"word\"", "k-unicode": "grüße 🔑", "k-bom": "\u{feff}text", "k-backslash": #"a\nb\\c\"#,
        "k-line-end": "a\\\nb", "k-percent": "%n %H %%", "k-export": "export X=1", "k-bell": "a\u{7}b\u{7f}",
        "k-json": #"{"user":"web","password":"x y"}"#, "k-large": String(repeating: "x", count: 25_600),
    ]

    @Test(arguments: BoxRoot.available)
    func `systemd reads back the exact text`(root: BoxRoot) throws {
        let box = try Box(root)
        let seed = Self.values.map { "\($0) = \(quotedForTOML($1))\n" }.joined()
        try Emulator.serving("[vaults.demo.secrets]\n" + seed) { emulator in
            let names = Self.values.keys.sorted()
            func variable(_ name: String) -> String { name.uppercased().replacing("-", with: "_") }
            let set = names.map { "\"\($0)\"" }.joined(separator: ", ")
            try emulator.configure(
                "plain", command: "", "[files.\"app.env\"]\nset = [\(set)]\nformat = \"dotenv\"\n", in: box)
            // The file is read again for each command of the unit: it is there once the first has made it.
            try box.write(
                "/etc/systemd/system/plain.service",
                """
                [Service]
                Type=oneshot
                RemainAfterExit=yes
                EnvironmentFile=/etc/latchkey/plain.env
                EnvironmentFile=-/run/latchkey/plain/secrets/app.env
                ExecStart=/usr/bin/latchkey-probe fingerprint \(names.map { "--env \(variable($0))" }.joined(separator: " "))
                """)
            try box.write("/etc/systemd/system/plain.service.d/latchkey.conf", try Box.shipped("latchkey-sync.conf"))
            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "start", "plain")
            let lines = Set(try box.lines(of: "plain.service"))
            for name in names {
                let value = try #require(Self.values[name])
                #expect(lines.contains("env=\(variable(name)) \(fingerprint(value))"), "\(name)")
            }
        }
    }
}
