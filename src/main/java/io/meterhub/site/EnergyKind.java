package io.meterhub.site;

/** What a meter counts: electricity in kWh or water in m3. */
public enum EnergyKind { ELECTRICITY, WATER }
