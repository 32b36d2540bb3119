import LinuxSystem
import Testing

@Suite struct InputFileTests {
    @Test func `a file is read whole`() throws {
        let contents = try InputFile.contents(of: "/proc/self/cmdline", limit: 1 << 20)
        #expect(contents.last == 0)
    }

    @Test(arguments: [("/no/such/file", 2), ("/", 21), ("/dev/zero", 27), ("a\u{0}b", 22)] as [(String, CInt)])
    func `what can't be read whole is refused with the kernel's reason`(path: String, code: CInt) {
        let error = #expect(throws: SystemError.self) { try InputFile.contents(of: path, limit: 65_536) }
        #expect(error?.code == code)
        #expect(error?.subject == path)
    }
}
