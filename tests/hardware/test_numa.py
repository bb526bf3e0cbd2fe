from pytest_sdperf.hardware.numa import numa_nodes

NODE = "sys/devices/system/node"


def test_nodes_of_the_cpus_asked_about(tree):
    root = tree(
        {
            f"{NODE}/node1/cpulist": "4-7",
            f"{NODE}/node0/cpulist": "0-3\n",
            f"{NODE}/node2/cpulist": "8",
            f"{NODE}/x": "",
        }
    )
    assert numa_nodes([0, 2, 5], root=root) == {0: (0, 2), 1: (5,)}


def test_a_system_that_does_not_say(tree):
    assert numa_nodes([0], root=tree({"proc/version": ""})) == {}


def test_a_node_without_cpus_is_no_node_for_us(tree):
    assert numa_nodes([0], root=tree({f"{NODE}/node0/cpulist": "\n", f"{NODE}/node1/cpulist": "0"})) == {1: (0,)}
