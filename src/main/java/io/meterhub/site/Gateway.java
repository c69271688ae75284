package io.meterhub.site;

/** A communication manager that brings one RS485 bus to the network. {@code baud} is the bus's, 8N1. */
public record Gateway(int id, int siteId, String code, String name, String shaft, String host, int port,
                      Framing framing, int baud, boolean enabled) {

    /** How Modbus travels over the socket: Modbus TCP with its MBAP header, or RTU frames with CRC. */
    public enum Framing { TCP, RTU }
}
