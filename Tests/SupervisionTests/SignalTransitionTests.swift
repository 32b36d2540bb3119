import Glibc
import LinuxSystem
import Supervision
import Testing
import WorkerProtocol

struct SignalTransitionTests {
    @Test(arguments: SignalNumbers.forwarded)
    func `a signal from a process is forwarded`(number: Int32) {
        var fixture = Fixture()
        fixture.start()
        #expect(fixture.signal(number) == [.signalChild(number, queuedValue: nil)])
    }

    @Test(arguments: SignalNumbers.realTime)
    func `a queued signal keeps its value`(number: Int32) {
        var fixture = Fixture()
        fixture.start()
        let value = UInt64(number) << 33
        #expect(
            fixture.signal(number, code: SignalCode.queue, value: value) == [.signalChild(number, queuedValue: value)])
    }

    @Test(arguments: SignalNumbers.faults + [SIGCHLD])
    func `a program's own fault and its children's ends are not forwarded`(number: Int32) {
        var fixture = Fixture()
        fixture.start()
        #expect(fixture.signal(number).isEmpty)
    }

    @Test(arguments: [SIGHUP, SIGINT, SIGQUIT, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH])
    func `what the terminal sends is not sent twice`(number: Int32) {
        var fixture = Fixture()
        fixture.start()
        #expect(fixture.signal(number, code: SignalCode.kernel).isEmpty)
        #expect(fixture.machine.phase == .running(.steady))
    }

    @Test(arguments: [false, true])
    func `a terminal that hangs up tells the leader of its session alone`(leads: Bool) {
        var fixture = Fixture(leadsSession: leads)
        fixture.start()
        let forwarded: [SupervisorAction] = leads ? [.signalChild(SIGHUP, queuedValue: nil)] : []
        #expect(fixture.signal(SIGHUP, code: SignalCode.kernel) == forwarded)
        #expect(fixture.machine.phase == .running(.steady))
        #expect(fixture.ends(Fixture.childPid, .killed(signal: SIGHUP)).last == .dieOf(SIGHUP))
    }

    @Test(arguments: [(SIGTERM, SIGQUIT), (SIGINT, SIGINT), (SIGQUIT, SIGQUIT)])
    func `an ending signal begins the shutdown, and a second one kills`(number: Int32, sent: Int32) {
        var fixture = Fixture(plan: Fixture.plan { $0.stopSignal = SIGQUIT })
        fixture.start()
        #expect(fixture.signal(number).effects == [.signalChild(sent, queuedValue: nil)])
        #expect(fixture.machine.phase == .stopping(exitCode: nil))
        #expect(fixture.signal(number).effects == [.signalChild(SIGKILL, queuedValue: nil)])
    }

    @Test func `TERM is nobody's but ours, from the kernel too`() {
        var fixture = Fixture()
        fixture.start()
        #expect(fixture.signal(SIGTERM, code: SignalCode.kernel).effects == [.signalChild(SIGTERM, queuedValue: nil)])
        #expect(fixture.machine.phase == .stopping(exitCode: nil))
    }

    @Test func `the stop timeout kills, once`() {
        var fixture = Fixture()
        fixture.start()
        fixture.signal(SIGTERM)
        #expect(fixture.wait(24).isEmpty)
        #expect(fixture.wait(1) == [.signalChild(SIGKILL, queuedValue: nil)])
        #expect(fixture.wait(100).isEmpty)
    }

    @Test(arguments: [SIGINT, SIGQUIT, SIGTERM], [false, true])
    func `before the child runs an ending signal ends at once`(number: Int32, isInit: Bool) {
        var fixture = Fixture(isInit: isInit)
        fixture.begin()
        let end: SupervisorAction = isInit ? .exit(code: 128 + number) : .dieOf(number)
        #expect(fixture.signal(number).effects == [.killWorker, .clean, end])
        #expect(fixture.machine.phase == .ended)
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `a sidecar ends with 0`(number: Int32) {
        var fixture = Fixture(isSidecar: true)
        fixture.start()
        #expect(fixture.signal(number).effects == [.clean, .exit(code: 0)])
    }

    @Test func `a stopped child is continued to be told of its end`() {
        var fixture = Fixture()
        fixture.start()
        fixture.ends(Fixture.childPid, .stopped(signal: SIGSTOP))
        #expect(
            fixture.signal(SIGTERM).effects.suffix(2) == [
                .signalChild(SIGTERM, queuedValue: nil), .signalChild(SIGCONT, queuedValue: nil),
            ])
    }

    @Test(arguments: [(SIGTSTP, true), (SIGTTIN, true), (SIGTTOU, true), (SIGSTOP, false)])
    func `a stop by the terminal is ours too`(number: Int32, isMirrored: Bool) {
        var fixture = Fixture()
        fixture.start()
        #expect(fixture.ends(Fixture.childPid, .stopped(signal: number)) == (isMirrored ? [.stopSelf(by: number)] : []))
        var first = Fixture(isInit: true)
        first.start()
        #expect(first.ends(Fixture.childPid, .stopped(signal: number)).isEmpty)
    }

    @Test func `a shutdown abandons the attempt under way`() {
        var fixture = Fixture()
        fixture.start()
        fixture.signal(SIGHUP)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        #expect(fixture.signal(SIGTERM).effects == [.signalChild(SIGTERM, queuedValue: nil), .killWorker])
        #expect(fixture.handle(.workerMessage(.finished(fixture.report { $0.environmentChanged = true }))).isEmpty)
        #expect(fixture.ends(Fixture.workerPid, .killed(signal: SIGKILL)).isEmpty)
    }

    @Test(arguments: [0, 1, 127, 255] as [Int32])
    func `the child's code is ours`(code: Int32) {
        var fixture = Fixture()
        fixture.start()
        #expect(fixture.ends(Fixture.childPid, .exited(code: code)).effects == [.clean, .exit(code: code)])
    }

    @Test(arguments: [false, true])
    func `the child's signal is ours, or 128 and its number`(isInit: Bool) {
        var fixture = Fixture(isInit: isInit)
        fixture.start()
        let end: SupervisorAction = isInit ? .exit(code: 128 + SIGSEGV) : .dieOf(SIGSEGV)
        #expect(fixture.ends(Fixture.childPid, .killed(signal: SIGSEGV)).effects == [.clean, end])
        #expect(fixture.signal(SIGTERM).isEmpty)
    }

    @Test func `an orphan's end is nobody's`() {
        var fixture = Fixture(isInit: true)
        fixture.start()
        #expect(fixture.ends(4711, .exited(code: 9)).isEmpty)
        #expect(fixture.machine.phase == .running(.steady))
    }
}
