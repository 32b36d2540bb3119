import AzureEmulator
import Testing

struct SeedTests {
    private func seed(_ toml: String, name: String = "seed.toml") throws -> Seed {
        try SeedFile.parse(toml, name: name, now: 1_000_000)
    }

    private func secret(_ seed: Seed, _ name: String) throws -> SecretVersionSeed {
        try #require(seed.vaults.first?.secrets.first { $0.name == name }?.versions.last)
    }

    @Test func `a seed file holds vaults, identities and faults`() throws {
        let seed = try seed(
            """
            token-lifetime = "1h"
            [vaults.demo]
            access = "policy"
            ceiling = 10
            ceiling-window = "1s"
            [vaults.demo.secrets]
            a = "plain"
            b = { value = "x", content-type = "text/plain", tags = { n = 1 }, enabled = false, exp = "+1d" }
            [[identity]]
            name = "web"
            permissions = { demo = ["get"] }
            [[fault]]
            status = 500
            """)
        #expect(seed.tokenLifetime == 3_600)
        #expect(seed.vaults.first?.access == .policy)
        #expect(seed.vaults.first?.ceiling == 10)
        #expect(seed.vaults.first?.ceilingWindow == 1)
        #expect(try secret(seed, "a").value == "plain")
        let second = try secret(seed, "b")
        #expect(second.contentType == "text/plain" && second.tags == ["n": "1"] && !second.enabled)
        #expect(second.expires == 1_086_400)
        #expect(seed.identities.first?.principal.permissions == ["demo": ["get"]])
        #expect(seed.faults.count == 1)
    }

    @Test func `the example can be read`() throws {
        let example = try seed(Seed.example)
        #expect(example.vaults.first?.secrets.count == 7)
        #expect(example.identities.count == 2)
    }

    @Test func `dates are TOML's own or text`() throws {
        let seed = try seed(
            """
            [vaults.demo.secrets]
            a = { value = "x", nbf = 2026-04-01T10:20:30Z }
            b = { value = "x", nbf = "2026-04-01T10:20:30Z" }
            c = { value = "x", nbf = 1775038830 }
            """)
        #expect(try secret(seed, "a").notBefore == 1_775_038_830)
        #expect(try secret(seed, "b").notBefore == 1_775_038_830)
        #expect(try secret(seed, "c").notBefore == 1_775_038_830)
    }

    @Test func `an environment file becomes the secrets of one vault`() throws {
        let seed = try seed(
            """
            # comment
            DB_PASSWORD=correct horse
            export API_KEY="two\\nlines"
            RAW='a\\n'

            EMPTY=
            WITH_EQUALS=a=b
            """, name: "/some/where/.env")
        #expect(seed.vaults.first?.name == "demo")
        #expect(try secret(seed, "db-password").value == "correct horse")
        #expect(try secret(seed, "api-key").value == "two\nlines")
        #expect(try secret(seed, "raw").value == "a\\n")
        #expect(try secret(seed, "empty").value.isEmpty)
        #expect(try secret(seed, "with-equals").value == "a=b")
    }

    @Test(arguments: [
        ("[vaults.demo", "line 1"), ("[vaults.x]", "no vault's name"),
        ("[vaults.demo.secrets]\na_b = \"x\"", "vaults.demo.secrets.a_b"),
        ("[vaults.demo.secrets]\na = { vlaue = \"x\" }", "'value' is missing"),
        ("[vaults.demo.secrets]\na = { value = \"x\", tgas = {} }", "'tgas' is not known here"),
        ("[vaults.demo.secrets]\na = { value = \"x\", version = \"12\" }", "32 hexadecimal digits"),
        ("[vaults.demo]\naccess = \"open\"", "\"rbac\", \"policy\""), ("tenant = \"x\"", "must be a UUID"),
        ("[[identity]]\npermissions = [\"read\"]", "no permission 'read'"), ("[[fault]]\nstatus = 1", "fault 1"),
        ("[vaults.demo]\nfill = { count = -1 }", "from 0 to 1000000"),
        ("token-lifetime = 1e300", "'token-lifetime' must be"),
        ("[vaults.demo.certificates.a]\nformat = \"der\"", "\"pfx\" or \"pem\""),
    ])
    func `a mistake is named with its place`(toml: String, message: String) throws {
        let error = #expect(throws: SeedError.self) { try seed(toml) }
        #expect(try #require(error).message.contains(message))
    }

    @Test func `an invalid line of an environment file is named`() throws {
        let error = #expect(throws: SeedError.self) { try seed("A=1\nnonsense", name: "x.env") }
        #expect(try #require(error).message.contains("line 2"))
    }
}

struct SeedEditTests {
    private var world = World()

    private mutating func apply(_ toml: String, now: Int) throws {
        let seed = try SeedFile.parse(toml, name: "seed.toml", now: Double(now))
        world.apply(seed, made: MadeObjects(), now: now)
    }

    private func record(_ name: String) -> Record<SecretContent>? { world.vaults["demo"]?.secrets.record(name) }

    @Test mutating func `a changed value is a new version, an unchanged one is untouched`() throws {
        try apply("[vaults.demo.secrets]\na = \"1\"\nb = \"1\"", now: 10)
        let untouched = record("b")?.current.id
        try apply("[vaults.demo.secrets]\na = \"2\"\nb = \"1\"", now: 20)
        #expect(record("a")?.versions.map(\.content.value) == ["1", "2"])
        #expect(record("a")?.current.attributes.updated == 20)
        #expect(record("b")?.versions.count == 1)
        #expect(record("b")?.current.id == untouched)
    }

    @Test mutating func `a changed tag or date keeps the version`() throws {
        try apply("[vaults.demo.secrets]\na = { value = \"1\", tags = { x = \"1\" } }", now: 10)
        let id = record("a")?.current.id
        try apply("[vaults.demo.secrets]\na = { value = \"1\", tags = { x = \"2\" }, enabled = false }", now: 20)
        #expect(record("a")?.current.id == id)
        #expect(record("a")?.current.tags == ["x": "2"])
        #expect(record("a")?.current.attributes.enabled == false)
        #expect(record("a")?.current.attributes.updated == 20)
    }

    @Test mutating func `a secret that is taken out is deleted, and comes back when it is put in again`() throws {
        try apply("[vaults.demo.secrets]\na = \"1\"", now: 10)
        try apply("[vaults.demo]", now: 20)
        #expect(record("a") == nil)
        #expect(world.vaults["demo"]?.secrets.isDeleted("a") == true)
        try apply("[vaults.demo.secrets]\na = \"2\"", now: 30)
        #expect(record("a")?.current.content.value == "2")
    }

    @Test mutating func `what was set at run time outlives an edit`() throws {
        try apply("[vaults.demo.secrets]\na = \"1\"", now: 10)
        let version = Version(
            id: Hex.random(digits: 32), content: SecretContent(value: "mine"), attributes: Attributes(created: 15))
        _ = try world.vaults["demo"]?.secrets.add(version, to: "own")
        try apply("[vaults.demo.secrets]\na = \"2\"", now: 20)
        #expect(record("own")?.current.content.value == "mine")
    }

    @Test mutating func `faults of the seed go with it, others stay`() throws {
        try apply("[vaults.demo]\n[[fault]]\nname = \"seeded\"\nstatus = 500", now: 10)
        world.faults.faults.append(Fault(name: "own"))
        try apply("[vaults.demo]", now: 20)
        #expect(world.faults.faults.map(\.name) == ["own"])
    }

    @Test mutating func `a list of versions is there at once`() throws {
        try apply(
            "[vaults.demo.secrets]\na = { versions = [\"1\", { value = \"2\", created = 5 }, \"3\"] }", now: 10)
        #expect(record("a")?.versions.map(\.content.value) == ["1", "2", "3"])
        #expect(record("a")?.versions.map(\.attributes.created) == [10, 5, 10])
    }

    @Test mutating func `ten thousand secrets are made in one go`() throws {
        try apply("[vaults.demo]\nfill = { count = 10000 }", now: 10)
        #expect(world.vaults["demo"]?.secrets.count == 10_000)
    }
}
