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
