import ServiceNotify
import Testing

struct ChildNotificationTests {
    @Test(arguments: [
        ("READY=1", "READY=1", true), ("STATUS=x\nREADY=1\n", "STATUS=x\nREADY=1", true),
        ("MAINPID=7\nREADY=1", "READY=1", true), ("MAINPIDFDID=7\nSTATUS=x", "STATUS=x", false),
        ("READY=10", "READY=10", false), ("WATCHDOG=1", "WATCHDOG=1", false), ("\n\nBARRIER=1", "BARRIER=1", false),
    ])
    func `everything but the main process is passed on`(sent: String, forwarded: String, isReady: Bool) throws {
        let notification = try #require(ChildNotification(datagram: Array(sent.utf8)))
        #expect(String(decoding: notification.forwarded, as: UTF8.self) == forwarded)
        #expect(notification.isReady == isReady)
    }

    @Test(arguments: ["", "\n", "MAINPID=1"])
    func `nothing is left of what says only that`(sent: String) {
        #expect(ChildNotification(datagram: Array(sent.utf8)) == nil)
    }

    @Test func `bytes that are no UTF-8 are passed on as they came`() throws {
        let sent: [UInt8] = Array("STATUS=".utf8) + [0xFF, 0xFE]
        #expect(try #require(ChildNotification(datagram: sent)).forwarded == sent)
    }

    @Test(arguments: [("STOPPING=1", nil), ("STOPPING=1\nSTATUS=bye", "STATUS=bye"), ("READY=1", "READY=1")])
    func `a child that is being restarted does not end the unit`(sent: String, forwarded: String?) {
        let notification = ChildNotification(datagram: Array(sent.utf8), isRestarting: true)
        #expect(notification.map { String(decoding: $0.forwarded, as: UTF8.self) } == forwarded)
        #expect(ChildNotification(datagram: Array(sent.utf8))?.forwarded == Array(sent.utf8))
    }
}
