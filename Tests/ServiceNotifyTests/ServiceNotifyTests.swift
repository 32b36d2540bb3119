import LinuxSystem
import ServiceNotify
import Testing

struct ServiceNotifyTests {
    @Test func `a state arrives as one datagram`() throws {
        let manager = try LocalSocket.anonymous()
        guard let notifier = ServiceNotifier(address: manager.name) else {
            Issue.record("no notifier")
            return
        }
        notifier.send("READY=1\nSTATUS=well")
        var buffer = [UInt8](repeating: 0, count: 256)
        let message = try #require(try LocalSocket.receive(from: manager.socket.number, into: &buffer))
        #expect(String(decoding: buffer.prefix(message.count), as: UTF8.self) == "READY=1\nSTATUS=well")
        #expect(message.sender == ProcessFiles.ownProcess)
        let another = try LocalSocket.receive(from: manager.socket.number, into: &buffer)
        #expect(another?.count == nil)
    }

    @Test func `descriptors travel with a state`() throws {
        let manager = try LocalSocket.anonymous()
        guard let notifier = ServiceNotifier(address: manager.name) else {
            Issue.record("no notifier")
            return
        }
        let file = try MemoryFile.create(name: "passed")
        notifier.send(Array("FDSTORE=1".utf8), descriptors: [file.number])
        var buffer = [UInt8](repeating: 0, count: 256)
        let message = try #require(try LocalSocket.receive(from: manager.socket.number, into: &buffer))
        #expect(message.descriptors.count == 1)
        for number in message.descriptors { _ = OwnedDescriptor(owning: number) }
    }

    @Test(arguments: ["", "relative", "vsock:2:1", "tcp:x"])
    func `what is no address of the protocol makes no notifier`(address: String) {
        let isNothing = ServiceNotifier(address: address) == nil
        #expect(isNothing)
    }

    @Test func `a manager that is gone does no harm`() {
        guard let notifier = ServiceNotifier(address: "@latchkey-nobody-listens-here") else {
            Issue.record("no notifier")
            return
        }
        notifier.send("READY=1")
    }
}

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
}
