import LinuxSystem
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: [
        "127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "0.0.0.0", "10.1.2.3", "172.16.0.1",
        "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1", "::1", "[::1]", "::", "fe80::1",
        "fe80::1%eth0",
        "fd00::4", "fc00::1", "[::ffff:127.0.0.1]", "::ffff:a9fe:a9fe",
    ])
    func `an address of the machine, its link or a private network is private`(text: String) throws {
        #expect(try #require(IPAddress(text)).isPrivate)
    }

    @Test(arguments: [
        "8.8.8.8", "8.8.8.8.", "134744072", "0x08080808", "01002004010", "0x8.0x8.0x8.0x8", "010.8.2056", "172.32.0.1",
        "169.253.0.1", "100.128.0.1", "[2603:1030::5]", "[::ffff:8.8.8.8]", "::ffff:808:808",
        "[0:0:0:0:0:ffff:8.8.8.8]",
        "[64:ff9b::8.8.8.8]", "2002:808:808::1", "::8.8.8.8", "fec0::1", "fc::1", "fe8::1",
    ])
    func `an address of the internet is not, however it is written`(text: String) throws {
        #expect(!(try #require(IPAddress(text)).isPrivate))
    }

    @Test(arguments: ["localhost", "host.example", "", ".", "1.2.3.4.5", "256.1.1.1", "[]", ":", "::g", "08.8.8.8"])
    func `a name is no address`(text: String) {
        #expect(IPAddress(text) == nil)
    }
}
