package io.meterhub.simulator;

import java.time.Clock;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.env.MapPropertySource;

/**
 * Starts the payment platforms that are played within a hub, and sets the hub to use them, before it reads its settings: their ports
 * and keys are those of this run.
 */
class PlayedPlatforms implements BeanFactoryPostProcessor, EnvironmentAware, DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(PlayedPlatforms.class);

    private final List<PlayedPlatform> platforms = new ArrayList<>();
    private ConfigurableEnvironment environment;

    @Override
    public void setEnvironment(Environment environment) {
        this.environment = (ConfigurableEnvironment) environment;
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
        InstantSource clock = () -> beans.getBean(Clock.class).instant();
        double speed = environment.getProperty("meterhub.simulator.platforms.speed", Double.class, 1.0);
        Map<String, Object> settings = new HashMap<>();
        play(new WechatPlatformServer(port("wechat"), new PayTime(clock, speed)), settings, beans);
        play(new AlipayPlatformServer(port("alipay"), new PayTime(clock, speed)), settings, beans);
        environment.getPropertySources().addFirst(new MapPropertySource("played payment platforms", settings));
    }

    private int port(String platform) {
        return environment.getProperty("meterhub.simulator.platforms." + platform + "-port", Integer.class, 0);
    }

    private void play(PlayedPlatform platform, Map<String, Object> settings, ConfigurableListableBeanFactory beans) {
        platforms.add(platform);
        settings.putAll(platform.settings());
        beans.registerSingleton("played-" + platform.name(), platform);
        log.info("The payment platform {} is played on loopback, its cashier is at {}", platform.name(), platform.cashier());
    }

    @Override
    public void destroy() {
        platforms.forEach(PlayedPlatform::close);
    }
}
