import Glibc
import LaunchConfiguration
import LinuxSystem
import Secrets
import Testing
import WorkerProtocol

private let example = """
    vault = "contoso-web"

    [identity]
    source = "auto"
    client-id = "00000000-0000-0000-0000-000000000000"

    [env]
    DB_PASSWORD = "db-password"
    SMTP_PASSWORD = { secret = "smtp", json = "/password", if-missing = "warn" }
    LICENSE = { secret = "license", vault = "contoso-shared", version = "6fd6c1e4ba1b4b5f8a6a1c0a0e0f0d0c", encoding = "base64" }

    [files."tls/server.pem"]
    certificate = "web-tls"          # secret | certificate | key | template | set
    format = "pem"                   # certificate: pem (key and chain, leaf first) | pem-key | pem-chain | pfx
    mode = "0400"
    env = "TLS_CERT_FILE"            # this variable holds the file's path

    [files."app.ini"]
    template = "/etc/app/app.ini.mustache"   # {{db-password}}; no HTML escaping

    [files."app.env"]
    set = ["db-password", "smtp"]    # several secrets in one file
    format = "dotenv"                # dotenv (names as upper-snake) | json (names as in the vault)

    [[select]]
    prefix = "web--"
    tags = { app = "web" }
    as = "env"                       # env | files
    naming = "dotnet"

    [refresh]
    every = "5m"
    jitter = 10
    on-change = "signal"             # signal | restart | none | exec
    signal = "HUP"

    [child]
    stop-signal = "TERM"
    stop-timeout = "25s"
    user = "www-data"
    """

@Suite struct ContractExampleTests {
    private let plan: LaunchPlan

    init() throws {
        plan = try Directory(example).plan()
    }

    @Test func `vault and identity are as written`() {
        #expect(plan.vault == contoso)
        #expect(plan.identity.source == .auto)
        #expect(plan.identity.clientID == "00000000-0000-0000-0000-000000000000")
    }

    @Test func `variables come in the file's order, each with its location`() {
        let license = ObjectRequest(
            reference: secret(
                "license", version: "6fd6c1e4ba1b4b5f8a6a1c0a0e0f0d0c",
                in: VaultAddress(host: "contoso-shared.vault.azure.net")), encoding: .base64)
        #expect(
            plan.environment == [
                DeliveryItem(
                    .variable("DB_PASSWORD"), .object(ObjectRequest(reference: secret("db-password"))),
                    location: SourceLocation("latchkey.toml:8:1")),
                DeliveryItem(
                    .variable("SMTP_PASSWORD"),
                    .object(ObjectRequest(reference: secret("smtp", pointer: "/password"))), ifMissing: .warn,
                    location: SourceLocation("latchkey.toml:9:1")),
                DeliveryItem(
                    .variable("LICENSE"), .object(license), location: SourceLocation("latchkey.toml:10:1")),
            ])
    }

    @Test func `files are certificate, template and set`() {
        let certificate = ObjectRequest(reference: secret("web-tls", kind: .certificate), format: .pem)
        #expect(
            plan.files == [
                DeliveryItem(
                    .file("tls/server.pem"), .object(certificate), location: SourceLocation("latchkey.toml:12:8"),
                    mode: 0o400, pathVariable: "TLS_CERT_FILE"),
                DeliveryItem(
                    .file("app.ini"), .template(.file("/etc/app/app.ini.mustache"), vault: contoso),
                    location: SourceLocation("latchkey.toml:18:8")),
                DeliveryItem(
                    .file("app.env"), .set([secret("db-password"), secret("smtp")], .dotenv),
                    location: SourceLocation("latchkey.toml:21:8")),
            ])
    }

    @Test func `a selection has prefix, tags, target and naming`() {
        #expect(
            plan.selections == [
                BulkSelection(
                    vault: contoso, prefix: "web--", tags: ["app": "web"], target: .environment, naming: .dotnet,
                    location: SourceLocation("latchkey.toml:25:1"))
            ])
    }

    @Test func `refresh and child are as written`() {
        #expect(plan.refresh.interval == .seconds(300))
        #expect(plan.refresh.jitter == 10)
        #expect(plan.refresh.onChange == .signal(SIGHUP))
        #expect(plan.child.stopSignal == 15)
        #expect(plan.child.stopTimeout == .seconds(25))
        #expect(
            plan.child.runAs
                == RunAs(
                    identity: UserIdentity(user: 33, group: 33, groups: [33, 44]), userName: "www-data",
                    home: "/var/www", shell: "/bin/sh"))
    }

    @Test func `nothing is left to be said`() {
        #expect(plan.notices.isEmpty)
        #expect(plan.instance == nil)
        #expect(plan.defaultInstance == "app")
        #expect(plan.configurationPath?.hasSuffix("/latchkey.toml") == true)
    }
}
