import Foundation
import Testing

/// The unit and the configuration of the page about systemd, as they are printed there.
@Suite(.serialized, .enabled(if: Box.obstacle == nil, "\(Box.obstacle ?? "")"))
struct ReadmeTests {
    private static let seed = """
        [vaults.contoso-web.secrets]
        db-password = "c4n4ry-old"
        smtp = '{"user":"web","password":"c4n4ry-smtp"}'

        [vaults.contoso-web.certificates.web-tls]
        subject = "CN=web.example.org"
        key = "EC"
        format = "pem"
        """

    @Test func `the unit starts, and has a new secret after a reload`() throws {
        let box = try Box()
        let files = try PagePart.parts(of: "Sources/latchkey-worker/Documentation.docc/Systemd.md").flatMap(\.files)
        let (unit, configuration) = ("/etc/systemd/system/contoso-web.service", "/etc/contoso/latchkey.toml")
        try Emulator.serving(Self.seed) { azure in
            try box.write(unit, #require(files.first { $0.key == unit }?.value))
            let toml = try #require(files.first { $0.key == configuration }?.value)
            try box.write(configuration, toml.replacing("contoso-web", with: azure.vault("contoso-web")))
            // What the machine has in Azure: an identity and authorities; and the shop's user and program.
            try box.write("/etc/contoso/ca.pem", String(contentsOfFile: azure.authority, encoding: .utf8))
            let variables = try azure.environment().map { "\($0)=\($1)\n" }.joined()
            try box.write("/etc/contoso/azure.env", variables + "LATCHKEY_CA_FILE=/etc/contoso/ca.pem\n")
            try box.write(unit + ".d/azure.conf", "[Service]\nEnvironmentFile=/etc/contoso/azure.env\n")
            try box.check("systemd-sysusers", "--inline", "u contoso -")
            let probe = "exec /usr/bin/latchkey-probe print-on USR1 --env DB_PASSWORD --env SMTP_PASSWORD"
            try box.write("/usr/bin/contoso-web", "#!/bin/sh\n\(probe)\n")
            try box.check("chmod", "755", "/usr/bin/contoso-web")

            try box.check("systemctl", "daemon-reload")
            try box.check("systemctl", "enable", "--now", "contoso-web")
            try box.expect("ready", of: "contoso-web.service")
            try azure.control("PUT", "vaults/contoso-web/secrets/db-password", #"{"value":"c4n4ry-new"}"#)
            try box.check("systemctl", "reload", "contoso-web")
            try box.expect("ready", of: "contoso-web.service", count: 2)
            let lines = try box.lines(of: "contoso-web.service")
            for value in ["c4n4ry-old", "c4n4ry-new"] {
                #expect(lines.contains("env=DB_PASSWORD " + fingerprint(value)))
            }
            #expect(lines.contains("env=SMTP_PASSWORD " + fingerprint("c4n4ry-smtp")))
            let status = try box.check("/usr/bin/latchkey", "status", "--instance", "contoso-web")
            #expect(status.contains("tls/server.pem"))
        }
    }
}
