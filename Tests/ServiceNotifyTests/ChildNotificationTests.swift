import ServiceNotify
import Testing

struct ChildNotificationTests {
    private func passedOn(_ sent: String, isRestarting: Bool = false) -> String? {
        ChildNotification(datagram: Array(sent.utf8), isRestarting: isRestarting)
            .map { String(decoding: $0.forwarded, as: UTF8.self) }
    }

    @Test(arguments: [
        ("READY=1", "READY=1", true), ("STATUS=x\nREADY=1\n", "STATUS=x\nREADY=1", true),
        ("MAINPID=7\nREADY=1", "READY=1", true), ("READY=10", "READY=10", false), ("READY=1\0", "READY=1", true),
        ("\n\nBARRIER=1", "BARRIER=1", false), ("STATUS=a=b\rREADY=1", "STATUS=a=b\nREADY=1", true),
    ])
    func `the child's own state is passed on`(sent: String, forwarded: String, isReady: Bool) throws {
        #expect(passedOn(sent) == forwarded)
        #expect(try #require(ChildNotification(datagram: Array(sent.utf8))).isReady == isReady)
    }

    @Test(arguments: [
        "READY=1", "STATUS=x", "RELOADING=1", "MONOTONIC_USEC=5", "STOPPING=1", "WATCHDOG=1", "WATCHDOG=trigger",
        "EXTEND_TIMEOUT_USEC=5", "ERRNO=2", "BUSERROR=x", "VARLINKERROR=x", "FDSTORE=1", "FDSTOREREMOVE=1", "FDNAME=x",
        "FDPOLL=0", "BARRIER=1",
    ])
    func `every key of the list is passed on as it came`(line: String) {
        #expect(passedOn(line) == line)
    }

    /// What the manager would take for the unit's, or may come to know.
    private static let foreign = [
        "MAINPID=7", "MAINPIDFD=1", "MAINPIDFDID=7", "NOTIFYACCESS=all", "WATCHDOG_USEC=1", "EXIT_STATUS=1",
        "RESTART_RESET=1", "X_NEW=1", "MAINPID", "mainpid=7", " MAINPID=7", "\\MAINPID=7", "=1", "READY",
    ]

    @Test(arguments: foreign, ["\n", "\r", "\r\n", "\n\r", "\r\r"])
    func `no other key is passed on, whatever ends the lines`(line: String, end: String) {
        #expect(passedOn(line) == nil)
        #expect(passedOn("READY=1\(end)\(line)\(end)STATUS=x") == "READY=1\nSTATUS=x")
        #expect(passedOn("\(line)\(end)READY=1") == "READY=1")
    }

    @Test(arguments: ["", "\n", "\r", "\0", "STATUS=a\0b", "READY=1\0\0", "STATUS=x\0\nMAINPID=1"])
    func `nothing is left of what says nothing`(sent: String) {
        #expect(passedOn(sent) == nil)
    }

    @Test(arguments: [
        ("FDSTORE=1\nFDNAME=a", true), ("BARRIER=1", true), ("READY=1", false), ("MAINPIDFD=1\nREADY=1", false),
    ])
    func `descriptors go with what is about them only`(sent: String, takes: Bool) {
        #expect(ChildNotification(datagram: Array(sent.utf8))?.takesDescriptors == takes)
    }

    @Test func `bytes that are no UTF-8 are passed on as they came`() throws {
        let sent: [UInt8] = Array("STATUS=".utf8) + [0xFF, 0xFE]
        #expect(try #require(ChildNotification(datagram: sent)).forwarded == sent)
    }

    @Test(arguments: [("STOPPING=1", nil), ("STOPPING=1\rSTATUS=bye", "STATUS=bye"), ("READY=1", "READY=1")])
    func `a child that is being restarted does not end the unit`(sent: String, forwarded: String?) {
        #expect(passedOn(sent, isRestarting: true) == forwarded)
        #expect(passedOn(sent) == sent.replacing("\r", with: "\n"))
    }
}
