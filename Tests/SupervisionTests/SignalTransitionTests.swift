import LinuxSystem
import Supervision
import Testing
import WorkerProtocol

private let forwarded: [Int32] =
    [10, 12, 13, 14, 16, 18, 20, 21, 22] + Array(23...30) + Array(34...64)

struct SignalTransitionTests {
    @Test(arguments: forwarded)
    func `a signal from a process is forwarded`(number: Int32) {
        var stage = Stage()
        stage.start()
        #expect(stage.signal(number) == [.signalChild(number, queuedValue: nil)])
    }

    @Test(arguments: Array(34...64) as [Int32])
    func `a queued signal keeps its value`(number: Int32) {
        var stage = Stage()
        stage.start()
        let value = UInt64(number) << 33
        #expect(
            stage.signal(number, code: SignalCode.queue, value: value) == [.signalChild(number, queuedValue: value)])
    }

    @Test(arguments: [4, 5, 6, 7, 8, 11, 17, 31] as [Int32])
    func `a program's own fault and its children's ends are not forwarded`(number: Int32) {
        var stage = Stage()
        stage.start()
        #expect(stage.signal(number).isEmpty)
    }

    @Test(arguments: [1, 2, 3, 18, 20, 21, 22, 28] as [Int32])
    func `what the terminal sends is not sent twice`(number: Int32) {
        var stage = Stage()
        stage.start()
        #expect(stage.signal(number, code: SignalCode.kernel).isEmpty)
        #expect(stage.machine.phase == .running)
    }

    @Test(arguments: [(15, 3), (2, 2), (3, 3)] as [(Int32, Int32)])
    func `an ending signal begins the shutdown, and a second one kills`(number: Int32, sent: Int32) {
        var stage = Stage(plan: Stage.plan { $0.stopSignal = 3 })
        stage.start()
        #expect(stage.signal(number).deeds == [.signalChild(sent, queuedValue: nil)])
        #expect(stage.machine.phase == .stopping)
        #expect(stage.signal(number).deeds == [.signalChild(9, queuedValue: nil)])
    }

    @Test func `TERM is nobody's but ours, from the kernel too`() {
        var stage = Stage()
        stage.start()
        #expect(stage.signal(15, code: SignalCode.kernel).deeds == [.signalChild(15, queuedValue: nil)])
        #expect(stage.machine.phase == .stopping)
    }

    @Test func `the stop timeout kills, once`() {
        var stage = Stage()
        stage.start()
        stage.signal(15)
        #expect(stage.wait(24).isEmpty)
        #expect(stage.wait(1) == [.signalChild(9, queuedValue: nil)])
        #expect(stage.wait(100).isEmpty)
    }

    @Test(arguments: [2, 3, 15] as [Int32], [false, true])
    func `before the child runs an ending signal ends at once`(number: Int32, isInit: Bool) {
        var stage = Stage(isInit: isInit)
        stage.begin()
        let end: SupervisorAction = isInit ? .exit(code: 128 + number) : .dieOf(number)
        #expect(stage.signal(number).deeds == [.killWorker, .clean, end])
        #expect(stage.machine.phase == .ended)
    }

    @Test(arguments: [2, 15] as [Int32])
    func `a sidecar ends with 0`(number: Int32) {
        var stage = Stage(isSidecar: true)
        stage.start()
        #expect(stage.signal(number).deeds == [.clean, .exit(code: 0)])
    }

    @Test func `a stopped child is continued to be told of its end`() {
        var stage = Stage()
        stage.start()
        stage.ends(Stage.childPid, .stopped(signal: 19))
        #expect(
            stage.signal(15).deeds.suffix(2) == [
                .signalChild(15, queuedValue: nil), .signalChild(18, queuedValue: nil),
            ])
    }

    @Test(arguments: [(20, true), (21, true), (22, true), (19, false)] as [(Int32, Bool)])
    func `a stop by the terminal is ours too`(number: Int32, isMirrored: Bool) {
        var stage = Stage()
        stage.start()
        #expect(stage.ends(Stage.childPid, .stopped(signal: number)) == (isMirrored ? [.stopSelf(by: number)] : []))
        var first = Stage(isInit: true)
        first.start()
        #expect(first.ends(Stage.childPid, .stopped(signal: number)).isEmpty)
    }

    @Test func `a shutdown abandons the attempt under way`() {
        var stage = Stage()
        stage.start()
        stage.signal(1)
        stage.give(.workerStarted(pid: Stage.workerPid))
        #expect(stage.signal(15).deeds == [.signalChild(15, queuedValue: nil), .killWorker])
        #expect(stage.give(.workerMessage(.finished(stage.report { $0.environmentChanged = true }))).isEmpty)
        #expect(stage.ends(Stage.workerPid, .killed(signal: 9)).isEmpty)
    }

    @Test(arguments: [0, 1, 127, 255] as [Int32])
    func `the child's code is ours`(code: Int32) {
        var stage = Stage()
        stage.start()
        #expect(stage.ends(Stage.childPid, .exited(code: code)).deeds == [.clean, .exit(code: code)])
    }

    @Test(arguments: [false, true])
    func `the child's signal is ours, or 128 and its number`(isInit: Bool) {
        var stage = Stage(isInit: isInit)
        stage.start()
        let end: SupervisorAction = isInit ? .exit(code: 139) : .dieOf(11)
        #expect(stage.ends(Stage.childPid, .killed(signal: 11)).deeds == [.clean, end])
        #expect(stage.signal(15).isEmpty)
    }

    @Test func `an orphan's end is nobody's`() {
        var stage = Stage(isInit: true)
        stage.start()
        #expect(stage.ends(4711, .exited(code: 9)).isEmpty)
        #expect(stage.machine.phase == .running)
    }
}
