import LinuxSystem
import Systemd
import Testing

struct CredentialRequestTests {
    @Test(arguments: [
        ("\0adf9d86b6eda275e/unit/foobar.service/credx", "foobar.service", "credx"),
        ("\0ADF9D86B/unit/web@1.service/db-password", "web@1.service", "db-password"),
        ("\00/unit/dev-disk-by\\x2dlabel.mount/k", "dev-disk-by\\x2dlabel.mount", "k"),
    ])
    func `unit and credential stand in the manager's address`(address: String, unit: String, name: String) throws {
        let request = try #require(CredentialRequest(address: Array(address.utf8)))
        #expect(request == CredentialRequest(unit: unit, credential: name))
    }

    @Test(arguments: [
        "", "\0", "/run/some/socket", "\0/unit/a.service/b", "\0xyz/unit/a.service/b", "0a/unit/a.service/b",
        "\0a0/unit/a.service/", "\0a0/unit//b", "\0a0/user/a.service/b", "\0a0/unit/a.service", "\0a0/unit/a/b/c",
        "\0a0/unit/a.service/b\0c", "\0a0",
    ])
    func `any other address asks for nothing`(address: String) {
        #expect(CredentialRequest(address: Array(address.utf8)) == nil)
    }

    @Test func `bytes that are no text ask for nothing`() {
        #expect(CredentialRequest(address: Array("\0a0/unit/a.service/".utf8) + [0xFF]) == nil)
    }
}

struct CredentialClientTests {
    /// A client as the manager's is, and its other end.
    private func connect(
        user: UInt32 = 0, unit: String? = "web.service"
    ) throws -> (CredentialClient, OwnedSlot) {
        let pair = try LocalSocket.pair()
        let other = OwnedSlot()
        other.put(try OwnedDescriptor(duplicating: pair.second.number))
        let address = Array("\0a0/unit/web.service/token".utf8)
        return (
            CredentialClient(LocalPeer(pair.takeFirst(), user: user, address: address), unit: unit), other
        )
    }

    private func received(_ socket: OwnedSlot) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while let message = try LocalSocket.receive(from: try #require(socket.number), into: &buffer),
            message.count > 0
        {
            bytes += buffer.prefix(message.count)
        }
        return bytes
    }

    @Test func `only the system's manager asks`() throws {
        #expect(try connect().0.request == CredentialRequest(unit: "web.service", credential: "token"))
        #expect(try connect(user: 1000).0.request == nil)
    }

    @Test(arguments: [nil, "init.scope", "other.service"])
    func `root in another unit is not the manager`(unit: String?) throws {
        let (client, _) = try connect(unit: unit)
        #expect(client.request == nil && client.claim?.unit == "web.service")
    }

    @Test func `a credential arrives byte for byte, and then the end`() throws {
        let (client, other) = try connect()
        let value: [UInt8] = [0, 1, 10, 255]
        try client.answer(value.span)
        #expect(try received(other) == value)
    }
}
